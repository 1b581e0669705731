import { describe, expect, it } from 'vitest';
import { keyOf, refusal, Sending, wait } from './sending-fixture.ts';

/** A bot that posts and then dies, and the same one when it was started again. */
async function diedAndBack(
  work: (before: Sending) => Promise<void>,
  options: { streaming?: 'native' | 'edits' } = {},
): Promise<{ before: Sending; after: Sending }> {
  const before = await Sending.start(options);
  await work(before);
  return { before, after: await Sending.start(options, before.fake) };
}

const again = { mayBePosted: true, completes: 'answer' } as const;

describe('what a bot on Slack posted before it died', () => {
  it('is found by its key, however much was said since', async () => {
    let target = { tenant: '', conversationKey: '', messageId: '' };
    let postId = '';
    const { before, after } = await diedAndBack(async (sending) => {
      target = await sending.ask();
      for (let count = 0; count < 450; count++) {
        sending.fake.people.post({
          channel: sending.channel,
          user: sending.ana,
          text: `${count}`,
          threadTs: target.messageId,
        });
        if (count === 420) postId = await sending.post(target, 'One', { completes: 'answer' });
      }
    });
    expect(await after.post(target, 'One', again)).toBe(postId);
    expect(before.answers(target)).toHaveLength(1);
    expect(after.callsSince(0)['conversations.replies']).toBe(3);
  });

  it('is found in direct messages too', async () => {
    let target = { tenant: '', conversationKey: '', messageId: '' };
    const { before, after } = await diedAndBack(async (sending) => {
      target = await sending.ask({ channel: sending.fake.directMessages(sending.ana) });
      await sending.post(target, 'One', { completes: 'answer' });
    });
    await after.post(target, 'One', again);
    expect(before.answers(target)).toHaveLength(1);
    expect(after.callsSince(0)['conversations.history']).toBe(1);
  });

  it('is not looked for where nothing can have been posted', async () => {
    let target = { tenant: '', conversationKey: '', messageId: '' };
    const { after } = await diedAndBack(async (sending) => {
      target = await sending.ask();
    });
    await after.post(target, 'One', { completes: 'answer' });
    expect(after.callsSince(0)).toEqual({ 'chat.postMessage': 1 });
  });

  it('is taken up where it still streamed, and ended with its key', async () => {
    let target = { tenant: '', conversationKey: '', messageId: '' };
    let postId = '';
    const { before, after } = await diedAndBack(async (sending) => {
      target = await sending.askToGrow();
      postId = await sending.post(target, 'One two three');
    });
    expect(await after.post(target, 'One two', { mayBePosted: true })).toBe(postId);
    await after.edit({ ...target, postId }, 'One two three four', 'answer');
    expect(before.answers(target)).toMatchObject([
      {
        text: 'One two three four',
        streaming_state: 'completed',
        metadata: { event_payload: { key: keyOf(target) } },
      },
    ]);
  });

  it('is taken up too where Slack ended the stream meanwhile', async () => {
    let target = { tenant: '', conversationKey: '', messageId: '' };
    const { before, after } = await diedAndBack(async (sending) => {
      target = await sending.askToGrow();
      await sending.post(target, 'One two three');
    });
    before.fake.streams.totalMs = -1;
    const postId = await after.post(target, 'One two', { mayBePosted: true });
    await after.edit({ ...target, postId }, 'One two three four', 'answer');
    expect(before.answers(target)).toMatchObject([{ text: 'One two three four' }]);
  });

  it('is not mistaken for another message of the same answer that streamed', async () => {
    let target = { tenant: '', conversationKey: '', messageId: '' };
    let postId = '';
    const { before, after } = await diedAndBack(async (sending) => {
      target = await sending.askToGrow();
      postId = await sending.post(target, 'First part');
    });
    // The store knows the first message.
    await after.edit({ ...target, postId }, 'First part', 'message');
    await after.post(target, 'Second part', { ...again, key: 'second' });
    expect(before.answers(target).map(({ text }) => text)).toEqual(['First part', 'Second part']);
  });

  it('is no stream of an answer where it was an announcement', async () => {
    let target = { tenant: '', conversationKey: '', messageId: '' };
    const { before, after } = await diedAndBack(async (sending) => {
      target = await sending.askToGrow();
      await sending.post(target, 'One two three');
    });
    const news = { ...target, messageId: 'announcement', isAnnouncement: true };
    await after.post(news, 'News', { ...again, key: 'news' });
    expect(before.answers(target)).toHaveLength(2);
  });

  it('is not found where the bot may not read the channel, and is posted again', async () => {
    let target = { tenant: '', conversationKey: '', messageId: '' };
    const { before, after } = await diedAndBack(
      async (sending) => {
        target = await sending.ask();
        await sending.post(target, 'One', { completes: 'answer' });
        sending.fake.bot.scopes.delete('channels:history');
      },
      { streaming: 'edits' },
    );
    await after.post(target, 'One', again);
    expect(before.answers(target)).toHaveLength(2);
  });

  it('is looked for again after as long as Slack asks', async () => {
    let target = { tenant: '', conversationKey: '', messageId: '' };
    const { before, after } = await diedAndBack(async (sending) => {
      target = await sending.ask();
      await sending.post(target, 'One', { completes: 'answer' });
    });
    after.answerNext('conversations.replies', wait(1));
    await after.post(target, 'One', again);
    expect(before.answers(target)).toHaveLength(1);
  });

  it('is not posted while it is not known, as when Slack fails', async () => {
    let target = { tenant: '', conversationKey: '', messageId: '' };
    const { before, after } = await diedAndBack(async (sending) => {
      target = await sending.ask();
      await sending.post(target, 'One', { completes: 'answer' });
    });
    after.answerNext('conversations.replies', { status: 503, body: '' }, refusal('fatal_error'));
    for (let count = 0; count < 2; count++)
      await expect(after.post(target, 'One', again)).rejects.toMatchObject({
        code: 'platform.failed',
      });
    await after.post(target, 'One', again);
    expect(before.answers(target)).toHaveLength(1);
  });
});

describe('what a bot on Slack posted without an answer to its call', () => {
  it('is found, and says what it is to say', async () => {
    const sending = await Sending.start({ streaming: 'edits' });
    const target = await sending.askToGrow();
    sending.loseAnswerOf('chat.postMessage');
    await expect(sending.post(target, 'One')).rejects.toMatchObject({ code: 'platform.failed' });
    await sending.post(target, 'One two', { completes: 'answer' });
    expect(sending.answers(target)).toMatchObject([{ text: 'One two' }]);
  });

  it('is waited for by who posts it again, where who posted it first did not wait', async () => {
    const sending = await Sending.start({ streaming: 'edits' });
    const target = await sending.ask();
    const slow = Promise.withResolvers<undefined>();
    const end = sending.fake.api.intercept(({ method }) =>
      method === 'chat.postMessage' ? slow.promise : undefined,
    );
    const leaving = new AbortController();
    const post = { ...target, text: 'One', idempotencyKey: keyOf(target) };
    const first = sending.adapter.post(post, { signal: leaving.signal });
    await expect.poll(() => sending.callsSince(0)['chat.postMessage']).toBe(1);
    leaving.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    const second = sending.post(target, 'One', { mayBePosted: true });
    end();
    slow.resolve(undefined);
    await second;
    expect(sending.answers(target)).toHaveLength(1);
    expect(sending.callsSince(0)).toEqual({ 'chat.postMessage': 1 });
  });
});
