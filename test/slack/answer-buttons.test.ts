import type { SeenForAnswer } from '@vistazo/core';
import { describe, expect, it } from 'vitest';
import { answered, type Listening, listen } from './listen.ts';

const seen: SeenForAnswer = {
  pictures: [
    {
      messageIndex: 0,
      widthPx: 640,
      heightPx: 480,
      tiles: 2,
      fullTiles: 2,
      tokens: 64,
      provenance: {
        author: 'Ana *bold*',
        postedAtMs: 1_700_000_000_000,
        origin: 'C1',
        name: '<!channel>.png',
      },
    },
  ],
  promptTokens: 90,
  imageTokens: 64,
  leftOut: [],
  notes: [],
};

/** Somebody presses a button below the answer. */
async function press(
  { fake, general }: Listening,
  ts: string,
  actionId: string,
  user: string,
  value?: string,
) {
  const pressed = { channel: general, ts, user, actionId };
  return fake.interactions.press(value === undefined ? pressed : { ...pressed, value });
}

/** What the buttons for people's opinion of the message say. */
function ratingOf({ fake, general }: Listening, ts: string, which: 'positive' | 'negative') {
  const message = fake.messages(general).find((each) => each.ts === ts);
  const found = JSON.stringify(message?.blocks).match(
    new RegExp(`"${which}_button":\\{"text":\\{[^}]*\\},"value":"([^"]*)"`),
  );
  return found?.[1] ?? '';
}

describe('buttons below answers on Slack', () => {
  it('rate the answer, and thank', async () => {
    const here = await listen();
    const { asked, postId } = await answered(here);
    await press(here, postId, 'vistazo_rate', here.ben, ratingOf(here, postId, 'negative'));
    const { rating, author, messageId, conversationKey } = await here.event('feedback');
    expect({ rating, author: author.name }).toEqual({ rating: 'down', author: 'ben' });
    expect({ messageId, conversationKey }).toEqual({
      messageId: asked.messageId,
      conversationKey: asked.conversationKey,
    });
    expect(await here.told(here.ben)).toBe('Gracias.');
  });

  it('stop the answer that is being made, for who asked alone', async () => {
    const here = await listen({ streaming: 'edits' });
    const { fake, adapter, ana, ben, general } = here;
    const text = `<@${fake.bot.botUserId}> And this?`;
    const { ts } = fake.people.post({ channel: general, user: ana, text });
    const { tenant, conversationKey, messageId } = await here.event('message', ts);
    const target = { tenant, conversationKey, messageId };
    const prompt = { pictures: [], promptTokens: 9, imageTokens: 0, leftOut: [] };
    adapter.answering?.(target, { type: 'prompt', ...prompt });
    const signal = AbortSignal.timeout(60_000);
    const post = { ...target, text: 'It is', idempotencyKey: 'key' };
    const postId = await adapter.post(post, { signal });
    await press(here, postId, 'vistazo_stop', ben);
    expect(await here.told(ben)).toBe('Solo puede hacerlo quien preguntó.');
    await press(here, postId, 'vistazo_stop', ana);
    expect(await here.event('cancelled')).toMatchObject(target);
    expect(here.events.filter(({ type }) => type === 'cancelled')).toHaveLength(1);
  });

  it('ask the question again as it is now', async () => {
    const here = await listen();
    const { fake, ana, general } = here;
    const { asked, postId } = await answered(here);
    const now = `<@${fake.bot.botUserId}> What colour is this?`;
    fake.people.edit(general, asked.messageId, now);
    await here.event('edited');
    here.events.length = 0;
    await press(here, postId, 'vistazo_again', ana);
    expect(await here.event('edited')).toMatchObject({
      messageId: asked.messageId,
      conversationKey: asked.conversationKey,
      text: 'What colour is this?',
    });
  });

  it('ask again in direct messages, where no thread tells which question it was', async () => {
    const here = await listen();
    const { fake, adapter, ana } = here;
    const channel = fake.directMessages(ana);
    const { ts } = fake.people.post({ channel, user: ana, text: 'What is this?' });
    const { tenant, conversationKey, messageId } = await here.event('message', ts);
    fake.people.post({ channel, user: ana, text: 'And that?' });
    const post = { tenant, conversationKey, messageId, text: 'A chart.', idempotencyKey: 'key' };
    const signal = AbortSignal.timeout(60_000);
    const postId = await adapter.post(post, { signal, completes: 'answer' });
    const pressed = { channel, ts: postId, user: ana, actionId: 'vistazo_again' };
    await fake.interactions.press(pressed);
    const edited = await here.event('edited');
    expect(edited).toMatchObject({ messageId, conversationKey, text: 'What is this?' });
  });

  it('say that a question is gone', async () => {
    const here = await listen();
    const { asked, postId } = await answered(here);
    here.fake.people.delete(here.general, asked.messageId);
    await here.event('deleted');
    await press(here, postId, 'vistazo_again', here.ana);
    expect(await here.told(here.ana)).toBe('The question is gone; ask again.');
    expect(here.events.some(({ type }) => type === 'edited')).toBe(false);
  });

  it('show what the model saw, in which names format and mention nothing', async () => {
    const here = await listen({ host: { seenFor: async () => seen } });
    const { postId } = await answered(here);
    await press(here, postId, 'vistazo_seen', here.ana);
    const text = await here.told(here.ana);
    expect(text).toContain('The model saw 1 picture and 90 tokens, 64 of them of pictures.');
    expect(text).toContain('&lt;!channel&gt;.png');
    expect(text).toContain('<!date^1700000000^{ago}|2023-11-14>');
    expect(text).not.toContain('*bold*');
  });

  it('are acknowledged while the store takes its time, and say what could not be done', async () => {
    const { promise: stored, resolve } = Promise.withResolvers<void>();
    const here = await listen({
      host: {
        seenFor: async () => {
          await stored;
          throw new Error('no store');
        },
      },
    });
    const { postId } = await answered(here);
    const ack = await press(here, postId, 'vistazo_seen', here.ana);
    expect(ack).toBeDefined();
    resolve();
    expect(await here.told(here.ana)).toBe('I could not find out; please try again later.');
  });

  it('do nothing for what is not theirs', async () => {
    const here = await listen();
    const { postId } = await answered(here);
    for (const value of ['', 'vistazo', 'vistazo erase 1 U1', '{}'])
      await press(here, postId, 'vistazo_rate', here.ana, value);
    await press(here, postId, 'vistazo_rate', here.ana, ratingOf(here, postId, 'positive'));
    await here.told(here.ana);
    expect(here.events.filter(({ type }) => type !== 'message')).toMatchObject([{ rating: 'up' }]);
  });
});
