import type { CommandDescription, ReplyAction } from '@vistazo/core';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { actionsOf } from './fake-fixture.ts';
import { type Listening, listen } from './listen.ts';

const ticket: CommandDescription = {
  name: 'ticket',
  description: 'Corrects a ticket',
  options: [
    { name: 'number', description: 'Which one', type: 'integer', required: true, min: 1 },
    {
      name: 'severity',
      description: 'How bad',
      type: 'string',
      required: false,
      choices: ['low', 'high'],
    },
    { name: 'summary', description: 'In a sentence', type: 'string', required: false, max: 200 },
    { name: 'open', description: 'Still', type: 'boolean', required: false },
  ],
  pictures: 'none',
};
const close: ReplyAction = {
  label: 'Close',
  command: { name: 'ticket', options: { number: 5, open: false } },
  style: 'danger',
};
const correct: ReplyAction = {
  label: 'Correct',
  command: { name: 'ticket', options: { number: 5 } },
  ask: [
    { option: 'severity', value: 'low' },
    { option: 'summary', value: 'The <@U1> login fails' },
    { option: 'open' },
  ],
};
const long: ReplyAction = {
  label: 'Long',
  command: { name: 'ticket', options: { number: 5, summary: 'x'.repeat(3000) } },
};

/** A card with these actions, as a plugin answers. */
async function card(here: Listening, actions: readonly ReplyAction[]) {
  const { fake, adapter, ana, general } = here;
  const text = `<@${fake.bot.botUserId}> /ticket`;
  const { ts } = fake.people.post({ channel: general, user: ana, text });
  const { tenant, conversationKey, messageId } = await here.event('message', ts);
  const target = { tenant, conversationKey, messageId };
  const post = { ...target, text: 'Ticket 5', idempotencyKey: 'card', actions };
  const signal = AbortSignal.timeout(60_000);
  const postId = await adapter.post(post, { signal, completes: 'answer' });
  here.events.length = 0;
  return { ...target, postId };
}

async function press(here: Listening, postId: string, index: number) {
  const { fake, general: channel, ana: user } = here;
  await fake.interactions.press({ channel, ts: postId, user, actionId: `vistazo_call_${index}` });
}

const modalSchema = z.looseObject({
  title: z.looseObject({ text: z.string() }),
  blocks: z.array(z.looseObject({ block_id: z.string(), element: z.looseObject({}) })),
});

function modal({ fake, ana }: Listening) {
  return vi.waitFor(() => modalSchema.parse(fake.openView(ana)));
}

describe('buttons of plugins on Slack', () => {
  it('call their command in the thread of the card', async () => {
    const here = await listen({ host: { commands: [ticket] } });
    const { postId, conversationKey } = await card(here, [close]);
    await press(here, postId, 0);
    const called = await here.event('message');
    expect(called.command).toEqual(close.command);
    expect(called).toMatchObject({ conversationKey, author: { name: 'ana' } });
    expect(called.messageId).toMatch(/^command:\d{13}\../);
  });

  it('do nothing below messages of other apps, whatever those say', async () => {
    const here = await listen({ host: { commands: [ticket] } });
    const { fake, ana, general: channel } = here;
    const { postId } = await card(here, [close]);
    const pressBelow = (appId: string) =>
      fake.outbox.send('interactive', {
        type: 'block_actions',
        team: { id: fake.team.id },
        user: { id: ana, name: 'ana', team_id: fake.team.id },
        api_app_id: fake.world.appId,
        trigger_id: fake.interactions.triggers.issue(ana),
        channel: { id: channel, name: 'general' },
        message: { ts: postId, app_id: appId },
        actions: [
          {
            type: 'button',
            action_id: 'vistazo_call_0',
            block_id: 'any',
            value: 'vistazo call 0 ticket number=5&open=false ',
          },
        ],
      }).settled;
    await pressBelow('A_OTHER');
    await pressBelow(fake.world.appId);
    await here.event('message');
    expect(here.events).toHaveLength(1);
  });

  it('ask for options in a modal with what is known, and leave out what stays as it is shown', async () => {
    const here = await listen({
      host: { commands: [ticket], actionsOf: async () => [close, correct] },
    });
    const { fake, ana } = here;
    const { postId, conversationKey } = await card(here, [close, correct]);
    await press(here, postId, 1);
    const { title, blocks } = await modal(here);
    expect(title.text).toBe('Correct');
    expect(blocks.map(({ element }) => element)).toMatchObject([
      { type: 'static_select', initial_option: { value: 'low' } },
      { type: 'plain_text_input', initial_value: 'The <@U1> login fails', max_length: 200 },
      { type: 'static_select' },
    ]);
    expect(here.events).toEqual([]);
    await fake.interactions.submit(ana, { severity: 'high', open: 'true' });
    const called = await here.event('message');
    expect(called.command).toEqual({
      name: 'ticket',
      options: { number: 5, severity: 'high', open: 'true' },
    });
    expect(called.conversationKey).toBe(conversationKey);
    expect(fake.openView(ana)).toBeUndefined();
  });

  it('leave out also what was longer than a field shows, where nobody changed it', async () => {
    const whole = { ...correct, ask: [{ option: 'summary', value: 'x'.repeat(300) }] };
    const here = await listen({ host: { commands: [ticket], actionsOf: async () => [whole] } });
    const { postId } = await card(here, [whole]);
    await press(here, postId, 0);
    await modal(here);
    await here.fake.interactions.submit(here.ana);
    expect((await here.event('message')).command).toEqual(correct.command);
  });

  it('take one modal that is sent twice for one call', async () => {
    const here = await listen({ host: { commands: [ticket] } });
    const { fake, ana } = here;
    const { postId } = await card(here, [correct]);
    await press(here, postId, 0);
    await modal(here);
    await fake.interactions.submit(ana, { severity: 'high' });
    const sent = fake.outbox.deliveries.at(-1);
    if (sent !== undefined) fake.outbox.again(sent);
    await vi.waitFor(() => expect(here.events).toHaveLength(2));
    const [one, two] = here.events;
    expect(one?.eventId).toBe(two?.eventId);
  });

  it('find in the store what a button has no room for', async () => {
    const here = await listen({ host: { commands: [ticket], actionsOf: async () => [long] } });
    const { postId } = await card(here, [long]);
    await press(here, postId, 0);
    expect((await here.event('message')).command).toEqual(long.command);
  });

  it('say that they are too old, or their command gone', async () => {
    const here = await listen({ host: { commands: [ticket] } });
    const { postId } = await card(here, [
      long,
      { label: 'Gone', command: { name: 'gone', options: {} } },
    ]);
    await press(here, postId, 0);
    const first = await here.told(here.ana);
    expect(first).toBe('This button is too old: I do not know any more what it does.');
    await press(here, postId, 1);
    expect(await here.told(here.ana, first)).toBe('I do not know this command any more.');
    expect(here.events).toEqual([]);
  });

  it('stay above those of the adapter, and go with a change that has none', async () => {
    const here = await listen({ host: { commands: [ticket] } });
    const { fake, adapter, general } = here;
    const posted = await card(here, [close]);
    const blocksOf = () => fake.messages(general).find(({ ts }) => ts === posted.postId)?.blocks;
    const types = () => z.array(z.looseObject({ type: z.string() })).parse(blocksOf());
    expect(types().map(({ type }) => type)).toEqual([
      'section',
      'actions',
      'context_actions',
      'actions',
    ]);
    adapter.answering?.(posted, { type: 'ended' });
    const signal = AbortSignal.timeout(60_000);
    await adapter.edit?.(posted, 'Ticket 5, closed', { signal, completes: 'answer' });
    expect(actionsOf(blocksOf())).toEqual([]);
  });
});
