import { triage } from '@vistazo/plugins';
import { describe, expect, it } from 'vitest';
import { pictureOf } from '../core/bot/bot-fixture.ts';
import { startBot } from '../core/plugin/plugin-fixture.ts';
import { desk } from './triage-fixture.ts';

/** A bot that reads question by question, and what the model answers to each. */
async function asking(
  answers: readonly { said: string; confidence?: number }[],
  options: Omit<Parameters<typeof triage>[0], 'reading'> = {},
) {
  const scripts = answers.map(({ said, ...rest }) => ({ pieces: [said], ...rest }));
  const { bot } = await startBot([triage({ reading: 'questions', ...options })], {
    answers: scripts,
  });
  return { bot, card: await bot.ask('Help!', { pictures: [await pictureOf(255)] }) };
}

describe('what triage reads, all at once', () => {
  it('says how sure the model was, where it tells', async () => {
    const { post } = await desk({}, { confidence: 0.934 }, { errorMessage: 'Another one.' });
    expect(await post()).toContain('\n\nOutbox · code 500 · en · 93 % sure\n\n');
    expect(await post()).not.toContain('sure');
  });

  it.each([
    ['of hexadecimal digits', 'It failed (0x80070005).', '0x80070005'],
    ['with a letter', 'Stopped: E-4312 while saving', 'E-4312'],
    ['of words', 'net::ERR_CONNECTION_RESET', 'ERR_CONNECTION_RESET'],
    ['that is called so', 'Código de error: 404', '404'],
  ])('finds a code %s in the message that the model did not name', async (_, message, code) => {
    const { post } = await desk({}, { errorMessage: message, errorCode: '' });
    expect(await post()).toContain(`code ${code} ·`);
  });

  it('finds no code where there is none', async () => {
    const { post } = await desk({}, { errorMessage: 'Only 3 of 500 files.', errorCode: '' });
    expect(await post()).not.toContain('code ');
  });

  it('goes by the words of the message where the model names no language', async () => {
    const { post } = await desk({}, { errorMessage: 'El archivo está dañado.', language: '??' });
    expect(await post()).toContain('· es');
  });
});

describe('what triage reads, question by question', () => {
  it('asks for each field that stands in the picture, without instructions, and takes the rest by rule', async () => {
    const { bot, card } = await asking([
      { said: 'Access denied.', confidence: 0.8 },
      { said: 'Orbit Mail', confidence: 0.2 },
      { said: 'E-77' },
    ]);
    expect(card.split('\n\n').slice(0, -1)).toEqual([
      '**Ticket 1** · Orbit Mail · **high** · open',
      '> Access denied.',
      'code E-77 · en · 80 % sure',
      'Orbit Mail: Access denied.',
      '**Next step:** Check the account and its permissions.',
    ]);
    const asked = bot.model.prompts.map((messages) => messages.map(({ role }) => role));
    expect(asked).toEqual([['user'], ['user'], ['user']]);
    expect(bot.model.prompts[0]?.[0]?.content).toContainEqual({
      type: 'text',
      text: 'What does the message say?',
    });
  });

  it('takes it as nothing that the model cannot tell', async () => {
    const { card } = await asking([
      { said: "I can't tell" },
      { said: 'Notes' },
      { said: 'no lo sé' },
    ]);
    expect(card).toMatch(/^\*\*Ticket 1\*\* · Notes · \*\*low\*\* · open\n\nNotes: A screenshot/);
  });

  it('knows a product of the house by its name in the title, and the title as the screen', async () => {
    const answers = [
      { said: 'El disco está lleno.' },
      { said: 'Mail – Inbox' },
      { said: 'no lo sé' },
    ];
    const { card } = await asking(answers, { products: ['Chat', 'Mail'] });
    expect(card).toMatch(/^\*\*Ticket 1\*\* · Mail · \*\*medium\*\*/);
    expect(card).toContain('Mail – Inbox · es');
    const other = await asking(answers, { products: ['Chat'] });
    expect(other.card).toMatch(/^\*\*Ticket 1\*\* · other · /);
  });
});

describe('tickets of earlier versions', () => {
  it('are shown and corrected like new ones', async () => {
    const { bot, post } = await desk({}, {});
    await post();
    const values = bot.store.pluginStorage('triage', 'tenant');
    const [key = ''] = await values.keys('ticket ');
    const kept = Object(await values.get(key));
    for (const field of ['screen', 'errorCode', 'language', 'pictures', 'incident', 'pictureHash'])
      delete kept[field];
    await values.set(key, kept);
    const card = await bot.ask('/ticket number=1 error-code=E-9');
    expect(card).toContain('\n\ncode E-9\n\n');
    expect(await bot.ask('/ticket number=1 screen=Drafts language=de')).toContain(
      'Drafts · code E-9 · de',
    );
  });
});
