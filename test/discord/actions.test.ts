import { join } from 'node:path';
import { createBot, openSqliteStore, type ReplyAction } from '@vistazo/core';
import { ScriptedModel } from '@vistazo/core/testing';
import { triage } from '@vistazo/plugins';
import { ComponentType } from 'discord.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { pictureOf, temporaryFolder } from '../core/bot/bot-fixture.ts';
import { reading } from '../plugins/triage-fixture.ts';
import { type Listening, listen } from './listen.ts';
import { Twin } from './twin-fixture.ts';

const paint = {
  name: 'paint',
  description: 'Paints',
  pictures: 'none',
  options: [
    { name: 'number', description: 'Of the wall', type: 'integer', required: true },
    {
      name: 'wall-colour',
      description: 'Which one',
      type: 'string',
      required: false,
      max: 30,
      choices: ['red', 'blue'],
    },
    { name: 'is-wet', description: 'Whether it is', type: 'boolean', required: false },
    { name: 'note', description: 'For painters', type: 'string', required: false, max: 300 },
  ],
} as const;
const correct: ReplyAction = {
  label: 'Correct',
  command: { name: 'paint', options: { number: 5 } },
  ask: [
    { option: 'wall-colour', value: 'blue' },
    { option: 'is-wet' },
    { option: 'note', value: 'Dry it.' },
  ],
  style: 'danger',
};
const long: ReplyAction = {
  label: 'Long',
  command: { name: 'paint', options: { number: 5, note: 'long '.repeat(50) } },
};

/** A post with these buttons, and what pressing one opens. */
async function below(setting: Listening, ...actions: ReplyAction[]) {
  const { twin, adapter } = setting;
  const messageId = await twin.ask('What is it?');
  const { tenant, conversationKey } = await setting.event('message', messageId);
  const post = { tenant, conversationKey, messageId, text: 'It.', idempotencyKey: 'a'.repeat(24) };
  await adapter.post({ ...post, actions }, { signal: AbortSignal.timeout(60_000) });
  const [shown] = await twin.repliesTo(messageId);
  if (shown === undefined) throw new Error('Nothing was posted.');
  const press = (index: number) =>
    twin.press(twin.actionsOf(shown)[index]?.custom_id ?? '', shown.id);
  return { twin, shown, press, target: { tenant, conversationKey, messageId, postId: shown.id } };
}

const said = async ({ twin }: Listening, interactionId: string) => {
  await twin.digital.channel(twin.channelId).waitForInteractionAck({ interactionId });
  const response = await twin.digital.channel(twin.channelId).getInteractionResponse(interactionId);
  return JSON.parse(response?.data ?? '{}').content;
};

describe('actions on discord-digital-twin', () => {
  it('ask in a dialog, with fields as the options are, for what is shown at first', async () => {
    const setting = await listen({ commands: [paint], actionsOf: async () => [correct] });
    const { twin, press } = await below(setting, correct);
    const dialog = await twin.dialogOf((await press(0)).id);
    expect(dialog).toMatchObject({
      title: 'Correct',
      components: [
        {
          type: ComponentType.Label,
          label: 'Wall colour',
          description: 'Which one',
          component: {
            type: ComponentType.StringSelect,
            required: false,
            options: [
              { value: 'red', default: false },
              { value: 'blue', default: true },
            ],
          },
        },
        {
          component: {
            type: ComponentType.StringSelect,
            options: [{ value: 'true' }, { value: 'false' }],
          },
        },
        { component: { type: ComponentType.TextInput, value: 'Dry it.', max_length: 300 } },
      ],
    });
  });

  it('work when nothing of them is stored any more, but for those that had no room in their buttons', async () => {
    const setting = await listen({ commands: [paint] });
    const { twin, press, shown } = await below(setting, correct, long);
    const dialog = await twin.dialogOf((await press(0)).id);
    if (dialog === undefined) throw new Error('There is no dialog.');
    const { id } = await twin.submit(dialog, { 'wall-colour': 'red' }, shown.id);
    expect((await setting.event('message', `command:${id}`)).command).toEqual({
      name: 'paint',
      options: { number: 5, 'wall-colour': 'red' },
    });
    expect(await said(setting, (await press(1)).id)).toMatch(/^This button is too old/);
  });

  it('say so when the command is gone', async () => {
    const setting = await listen();
    const { press } = await below(setting, correct);
    expect(await said(setting, (await press(0)).id)).toMatch(/do not know this command/);
  });

  it('are answered to one person alone where the message was for them alone', async () => {
    const setting = await listen({ commands: [paint] });
    const { twin, adapter } = setting;
    const { id } = await twin.command('paint', [{ name: 'private', type: 5, value: true }]);
    const event = await setting.event('message', `private:${id}`);
    const { tenant, conversationKey, messageId } = event;
    const post = {
      tenant,
      conversationKey,
      messageId,
      text: 'It.',
      idempotencyKey: 'a'.repeat(24),
    };
    const actions = [{ ...correct, ask: [] }];
    await adapter.post({ ...post, actions }, { signal: AbortSignal.timeout(60_000) });
    const [shown] = await twin.posts();
    if (shown === undefined) throw new Error('Nothing was posted.');
    const pressed = await twin.press(twin.actionsOf(shown)[0]?.custom_id ?? '', shown.id);
    const called = await setting.event('message', `private:${pressed.id}`);
    expect(called.command).toEqual({ name: 'paint', options: { number: 5 } });
  });

  it('stay below an answer beside the buttons of the adapter, and go with it', async () => {
    const setting = await listen({ commands: [paint] });
    const { twin, target } = await below(setting, correct);
    const signal = AbortSignal.timeout(60_000);
    const { adapter } = setting;
    const rows = async () => (await twin.repliesTo(target.messageId))[0]?.components?.length;
    adapter.answering?.(target, { type: 'ended' });
    await vi.waitFor(async () => expect(await rows()).toBe(2), 10_000);
    await adapter.edit?.(target, 'Other.', { signal });
    adapter.answering?.(target, { type: 'ended' });
    await vi.waitFor(async () => expect(await rows()).toBe(1), 10_000);
  });

  it('correct a ticket', async () => {
    const twin = await Twin.start();
    onTestFinished(() => twin.stop());
    const store = await openSqliteStore({ path: join(await temporaryFolder(), 'bot.sqlite') });
    const start = async () => {
      const bot = createBot({
        model: new ScriptedModel([JSON.stringify(reading)]),
        store,
        adapters: [twin.newAdapter()],
        plugins: [triage({})],
        log: { level: 'silent' },
        limits: { pollMs: 20 },
      });
      await bot.start();
      return bot;
    };
    const first = await start();
    onTestFinished(() => store.close());
    const asked = await twin.ask('It broke!', { pictures: [await pictureOf(255)] });
    const card = await vi.waitFor(async () => {
      const [answer] = await twin.repliesTo(asked);
      if (answer?.components?.length !== 2) throw new Error('There is no card yet.');
      return answer;
    }, 20_000);
    // Another process knows the buttons of this one.
    await first.stop();
    const second = await start();
    onTestFinished(() => second.stop({ drainMs: 0 }));
    const [button] = twin.actionsOf(card);
    const dialog = await twin.dialogOf((await twin.press(button?.custom_id ?? '', card.id)).id);
    if (dialog === undefined) throw new Error('There is no dialog.');
    expect(JSON.stringify(dialog)).toContain('Ana cannot send mail.');
    await twin.submit(dialog, { severity: 'low', 'next-step': 'Ask Ana.' }, card.id);
    const corrected = await vi.waitFor(async () => {
      const found = (await twin.posts()).find(({ content }) => content.includes('Ask Ana.'));
      if (found === undefined) throw new Error('It is not corrected yet.');
      return found;
    }, 20_000);
    expect(corrected.content).toMatch(/Ticket 1\*\* · Mail · \*\*low\*\* · open/);
    expect(twin.actionsOf(corrected).map(({ label }) => label)).toEqual(['Correct', 'Close']);
  });
});
