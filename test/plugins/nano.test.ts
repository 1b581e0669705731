import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalModel, type VisionLanguageModel } from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';
import { imageQa, triage } from '@vistazo/plugins';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBot } from '../core/plugin/plugin-fixture.ts';

const hasNano = existsSync(join(nanoModelFolder, 'config.json'));
const note = hasNano ? '' : ' (skipped: packages/nano/model is missing)';

/** A dialog with an error, drawn. */
const dialog = () =>
  sharp(
    Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200">
      <rect width="320" height="200" fill="#4a7aa8"/>
      <rect x="30" y="40" width="260" height="120" fill="#ffffff" stroke="#333333"/>
      <rect x="30" y="40" width="260" height="26" fill="#d0d0d0"/>
      <text x="40" y="58" font-size="14" font-family="sans-serif">Mail</text>
      <circle cx="60" cy="100" r="14" fill="#cc2222"/>
      <text x="90" y="105" font-size="16" font-family="sans-serif">Disk full</text>
      <rect x="200" y="125" width="70" height="24" fill="#e0e0e0" stroke="#333333"/>
      <text x="225" y="142" font-size="14" font-family="sans-serif">OK</text>
    </svg>`),
  )
    .png()
    .toBuffer();

const circle = () =>
  sharp(
    Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="160" height="160">
      <rect width="160" height="160" fill="#ffffff"/>
      <circle cx="80" cy="80" r="50" fill="#ff0000"/>
    </svg>`),
  )
    .png()
    .toBuffer();

describe.skipIf(!hasNano)(`bundled plugins with the embedded model${note}`, () => {
  let model: VisionLanguageModel;
  beforeAll(async () => {
    model = await createLocalModel({ model: nanoModelFolder });
  });
  afterAll(() => model?.close());

  it('triage makes a drawn error dialog a ticket with values that its schema allows', async () => {
    const { bot, faults } = await startBot([triage({ products: ['Mail', 'Chat'] })], { model });
    const card = await bot.ask('I cannot send anything.', { pictures: [await dialog()] });
    expect(faults).toEqual([]);
    expect(card).toMatch(
      /^\*\*Ticket 1\*\* · (Mail|Chat|other) · \*\*(low|medium|high|critical)\*\*/,
    );
    expect(await bot.ask('/tickets')).toMatch(/^1 · /);
  });

  it('image-qa answers about a picture', async () => {
    const { bot } = await startBot([imageQa({})], { model });
    expect(await bot.ask('What color is the circle?', { pictures: [await circle()] })).toMatch(
      /red/i,
    );
  });
});
