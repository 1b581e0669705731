import type { PersonMessage } from '@vistazo/core/testing';
import { triage } from '@vistazo/plugins';
import sharp from 'sharp';
import { pictureOf } from '../core/bot/bot-fixture.ts';
import { startBot } from '../core/plugin/plugin-fixture.ts';

/** What the scripted model reads from a screenshot, unless a test says otherwise. */
export const reading = {
  product: 'Mail',
  screen: 'Outbox',
  errorMessage: 'Error 500: see https://evil.example',
  errorCode: '500',
  severity: 'high',
  language: 'en',
  summary: 'Ana cannot send mail.',
  nextStep: 'Restart the server.',
};
export type Reading = Partial<typeof reading> & { confidence?: number };

/** An answer of the scripted model with all fields of a ticket. */
export function answerOf({ confidence, ...fields }: Reading) {
  const pieces = [JSON.stringify({ ...reading, ...fields })];
  return { pieces, ...(confidence !== undefined && { confidence }) };
}

/** A bot with the plugin, and how a person posts a screenshot to it. */
export async function desk(options: Parameters<typeof triage>[0], ...readings: Reading[]) {
  return deskOn({}, options, ...readings);
}

/** The same on a platform that can do more. */
export async function deskOn(
  capabilities: Parameters<typeof startBot>[2],
  options: Parameters<typeof triage>[0],
  ...readings: Reading[]
) {
  const answers = readings.map(answerOf);
  const { bot, faults } = await startBot([triage(options)], { answers }, capabilities);
  const post = async (message: PersonMessage = {}, text = 'It broke!') =>
    bot.ask(text, { pictures: [await pictureOf(255)], ...message });
  return { bot, faults, post };
}

/** A dialog with lines of text, drawn; the look says where it stands. */
export function dialogOf(lines: readonly string[], look: { x?: number; fill?: string } = {}) {
  const { x = 60, fill = '#4a7aa8' } = look;
  const texts = lines.map(
    (line, index) => `<text x="${x + 60}" y="${110 + 22 * index}" font-size="16">${line}</text>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="480" height="300">
    <rect width="480" height="300" fill="${fill}"/>
    <rect x="${x}" y="50" width="320" height="180" fill="#ffffff"/>
    <rect x="${x}" y="50" width="320" height="28" fill="#222266"/>
    <circle cx="${x + 30}" cy="110" r="16" fill="#cc2222"/>
    <g font-family="sans-serif">${texts.join('')}</g>
    <rect x="${x + 220}" y="190" width="80" height="26" fill="#d0d0d0"/>
  </svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}
