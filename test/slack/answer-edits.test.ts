import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimits } from './fake/rate-limits.ts';
import { buttonsOf, keyOf, Sending, wait } from './sending-fixture.ts';
import { longMarkdown } from './wild-markdown.ts';

const edits = { streaming: 'edits' } as const;

describe('an answer that grows on Slack by changes', () => {
  it('has a button that stops it while it grows, and those for its end once it is whole', async () => {
    const sending = await Sending.start(edits);
    const target = await sending.askToGrow();
    const posted = { ...target, postId: await sending.post(target, 'One') };
    const buttons = () => sending.answers(target).flatMap(buttonsOf);
    expect(buttons()).toEqual(['vistazo_stop']);
    await sending.edit(posted, 'One two');
    expect(buttons()).toEqual(['vistazo_stop']);
    await sending.edit(posted, 'One two three', 'answer');
    expect(buttons()).toEqual(['vistazo_rate', 'vistazo_again', 'vistazo_seen']);
    sending.adapter.answering?.(target, { type: 'ended' });
    await sending.adapter.stop();
    await sending.adapter.close?.();
    expect(sending.callsSince(0)).toEqual({ 'chat.postMessage': 1, 'chat.update': 2 });
    expect(sending.answers(target)).toMatchObject([{ text: 'One two three' }]);
  });

  it('mentions nobody, shows no previews, and carries its key', async () => {
    const sending = await Sending.start(edits);
    const target = await sending.ask();
    await sending.post(target, '<!channel> <@U1> & https://example.org', { completes: 'answer' });
    expect(sending.fake.api.callsOf('chat.postMessage')).toMatchObject([
      {
        text: '&lt;!channel&gt; &lt;@U1&gt; &amp; <https://example.org>',
        unfurl_links: 'false',
        unfurl_media: 'false',
        link_names: 'false',
        parse: 'none',
        metadata: { event_payload: { key: keyOf(target) } },
      },
    ]);
  });

  it('has buttons below the last of its messages alone', async () => {
    const sending = await Sending.start(edits);
    const target = await sending.askToGrow();
    const first = { ...target, postId: await sending.post(target, 'One') };
    const second = { ...target, postId: await sending.post(target, 'Two', { key: 'second' }) };
    await sending.edit(first, 'One', 'message');
    await sending.edit(second, 'Two', 'answer');
    const answers = sending.answers(target);
    expect(answers.map(({ text }) => text)).toEqual(['One', 'Two']);
    expect(answers.map((answer) => buttonsOf(answer).length)).toEqual([0, 3]);
  });

  it('is changed no more often than Slack takes, and says all of it at last', async () => {
    const sending = await Sending.start(edits);
    const rates = new RateLimits();
    sending.fake.api.rates = rates;
    const target = await sending.askToGrow();
    const posted = { ...target, postId: await sending.post(target, 'One') };
    for (let words = 1; words < 100; words++) await sending.edit(posted, 'One '.repeat(words));
    await sending.edit(posted, 'All of it', 'answer');
    expect(sending.answers(target)).toMatchObject([{ text: 'All of it' }]);
    expect(rates.refused).toEqual(new Map());
    expect(sending.callsSince(0)['chat.update']).toBeLessThan(12);
  });

  it('begins to grow only while Slack has room for its changes', async () => {
    const sending = await Sending.start(edits);
    const target = await sending.ask();
    const posted = { ...target, postId: await sending.post(target, 'One') };
    const mayGrow = () => sending.adapter.mayGrow?.(target);
    expect(mayGrow()).toBe(true);
    for (let count = 0; count < 7; count++) await sending.edit(posted, `${count}`);
    expect(mayGrow()).toBe(false);
  });

  it('waits as long as Slack asks, and says all of it at last', async () => {
    const sending = await Sending.start(edits);
    const { calls } = sending.fake.api;
    const target = await sending.askToGrow();
    sending.answerNext('chat.postMessage', wait(1));
    const posted = { ...target, postId: await sending.post(target, 'One') };
    sending.answerNext('chat.update', wait(1));
    await sending.edit(posted, 'One two', 'answer');
    expect(sending.answers(target)).toMatchObject([{ text: 'One two' }]);
    for (const name of ['chat.postMessage', 'chat.update']) {
      const [refused, taken] = calls.filter(({ method }) => method === name);
      expect((taken?.atMs ?? 0) - (refused?.atMs ?? 0)).toBeGreaterThanOrEqual(999);
    }
  });

  it('tells when it may be tried again where Slack asks for longer than it waits', async () => {
    const sending = await Sending.start(edits);
    sending.answerNext('chat.postMessage', wait(600));
    await expect(sending.post(await sending.ask(), 'One')).rejects.toMatchObject({
      code: 'platform.failed',
      cause: { retryAfterMs: 600_000 },
    });
  });

  it('says what a person stopped that waited yet, whatever Slack has room for', async () => {
    const sending = await Sending.start(edits);
    const target = await sending.ask();
    const posted = { ...target, postId: await sending.post(target, 'You are next.') };
    for (let count = 0; count < 8; count++) await sending.edit(posted, `${count}`);
    await sending.edit(posted, 'Stopped.', 'message');
    expect(sending.answers(target)).toMatchObject([{ text: 'Stopped.' }]);
  });

  it.each(['', ' \n ', '```', '\u200B'])('is never an empty message: %j', async (text) => {
    const sending = await Sending.start(edits);
    const target = await sending.askToGrow();
    await sending.post(target, text);
    expect(sending.answers(target)).toHaveLength(1);
  });

  it.each([edits, { streaming: 'native' } as const])(
    'keeps the limits of Slack whatever it says, $streaming',
    async (options) => {
      const { maxTextLength } = (await Sending.start(options)).adapter.capabilities;
      const text = longMarkdown(maxTextLength).filter((each) => each.trim() !== '');
      await fc.assert(
        // Each of an adapter of its own, whose calls need not wait.
        fc.asyncProperty(text, fc.double({ min: 0, max: 1, noNaN: true }), async (whole, share) => {
          const sending = await Sending.start(options);
          const target = await sending.askToGrow();
          const beginning = whole.slice(0, Math.max(1, Math.floor(whole.length * share)));
          const posted = { ...target, postId: await sending.post(target, beginning) };
          await sending.edit(posted, whole, 'answer');
          expect(sending.answers(target)).toHaveLength(1);
          expect(sending.fake.brokenLimits).toEqual([]);
        }),
        { numRuns: 25 },
      );
    },
    60_000,
  );
});
