import { afterEach, describe, expect, it, vi } from 'vitest';
import { RateLimits } from './fake/rate-limits.ts';
import { buttonsOf, keyOf, refusal, Sending, wait } from './sending-fixture.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Lets so much time go by for the adapter. */
function letTimePass(durationMs: number): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + durationMs);
}

const metadata = (target: { messageId: string }) => ({
  event_type: 'vistazo_post',
  event_payload: { key: keyOf(target) },
});

describe('an answer that streams on Slack', () => {
  it('is begun for who asked, grows by whole words and ends with the rest, its key and its buttons', async () => {
    const sending = await Sending.start();
    const { fake, ana, channel } = sending;
    const target = await sending.askToGrow();
    const postId = await sending.post(target, 'It is a ch');
    const posted = { ...target, postId };
    await sending.edit(posted, 'It is a chart of');
    await sending.edit(posted, 'It is a chart of\n\n- appl');
    expect(sending.answers(target)[0]).toMatchObject({ streaming_state: 'in_progress' });
    await sending.edit(posted, 'It is a chart of\n\n- apples', 'answer');
    expect(fake.api.callsOf('chat.startStream')).toEqual([
      {
        channel,
        thread_ts: target.messageId,
        recipient_user_id: ana,
        recipient_team_id: fake.team.id,
        markdown_text: 'It is a ',
      },
    ]);
    const appended = fake.api.callsOf('chat.appendStream').map((args) => args.markdown_text);
    expect(appended).toEqual(['chart ', 'of\n\n- ']);
    expect(fake.api.callsOf('chat.stopStream')).toMatchObject([{ markdown_text: 'apples' }]);
    const [answer, ...others] = sending.answers(target);
    expect(others).toEqual([]);
    expect(answer).toMatchObject({
      text: 'It is a chart of\n\n- apples',
      metadata: metadata(target),
      streaming_state: 'completed',
    });
    expect(answer && buttonsOf(answer)).toEqual(['vistazo_rate', 'vistazo_again', 'vistazo_seen']);
  });

  it('begins empty where there is no whole word yet', async () => {
    const sending = await Sending.start();
    const target = await sending.askToGrow();
    const postId = await sending.post(target, 'Yes');
    expect(sending.answers(target).map(({ text }) => text)).toEqual(['']);
    await sending.edit({ ...target, postId }, 'Yes', 'answer');
    expect(sending.answers(target).map(({ text }) => text)).toEqual(['Yes']);
  });

  it('grows by characters where words are long, and keeps the space between its parts', async () => {
    const sending = await Sending.start();
    const target = await sending.askToGrow();
    const sentence = 'これは果物の売り上げを示す棒グラフです。'.repeat(3);
    const posted = { ...target, postId: await sending.post(target, sentence) };
    expect(sending.answers(target)[0]?.text).toBe(sentence.slice(0, -1));
    await sending.edit(posted, `${sentence}\n\n`);
    await sending.edit(posted, `${sentence}\n\n${sentence}`);
    expect(sending.answers(target)[0]?.text).toBe(`${sentence}\n\n${sentence.slice(0, -1)}`);
    await sending.edit(posted, `${sentence}\n\n${sentence}`, 'answer');
    expect(sending.answers(target)[0]?.text).toBe(`${sentence}\n\n${sentence}`);
  });

  it('names nobody in direct messages, unless Slack wants to know', async () => {
    const sending = await Sending.start();
    const { fake, ana } = sending;
    const channel = fake.directMessages(ana);
    const { ts: threadTs } = fake.people.post({ channel, user: ana, text: 'Hello' });
    const target = await sending.askToGrow({ channel, threadTs });
    await sending.post(target, 'One two');
    expect(fake.api.callsOf('chat.startStream')[0]).not.toHaveProperty('recipient_user_id');
    sending.answerNext('chat.startStream', refusal('missing_recipient_user_id'));
    await sending.post(await sending.askToGrow({ channel, threadTs }), 'One two');
    const [, refused, taken] = fake.api.callsOf('chat.startStream');
    expect(refused).not.toHaveProperty('recipient_user_id');
    expect(taken).toMatchObject({ recipient_user_id: ana, recipient_team_id: fake.team.id });
  });

  it('goes on by changes in the same message where the text is another one', async () => {
    const sending = await Sending.start();
    const target = await sending.askToGrow();
    const posted = { ...target, postId: await sending.post(target, 'One two three') };
    await sending.edit(posted, 'Uno dos tr');
    expect(sending.answers(target).map(({ text }) => text)).toEqual(['Uno dos tr']);
    await sending.edit(posted, 'Uno dos tres', 'answer');
    const [answer, ...others] = sending.answers(target);
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ text: 'Uno dos tres', metadata: metadata(target) });
    expect(answer && buttonsOf(answer)).toContain('vistazo_rate');
  });

  it('is changed at its end where the whole text is another one', async () => {
    const sending = await Sending.start();
    const target = await sending.askToGrow();
    const posted = { ...target, postId: await sending.post(target, 'One two three') };
    await sending.edit(posted, 'Stopped.', 'answer');
    const [answer] = sending.answers(target);
    expect(answer).toMatchObject({ text: 'Stopped.', metadata: metadata(target) });
  });

  it('goes on by changes before Slack ends it, which it does after five minutes', async () => {
    const sending = await Sending.start();
    const target = await sending.askToGrow();
    const posted = { ...target, postId: await sending.post(target, 'One two') };
    letTimePass(241_000);
    await sending.edit(posted, 'One two three');
    expect(sending.answers(target)).toMatchObject([
      { text: 'One two three', streaming_state: 'completed' },
    ]);
    expect(sending.answers(target).flatMap(buttonsOf)).toEqual(['vistazo_stop']);
    await sending.edit(posted, 'One two three four', 'answer');
    expect(sending.answers(target)).toMatchObject([{ text: 'One two three four' }]);
  });

  it.each([
    ['while it grows', undefined],
    ['at its end', 'answer' as const],
  ])('loses nothing where Slack had ended it, %s', async (_, completes) => {
    const sending = await Sending.start();
    const target = await sending.askToGrow();
    const posted = { ...target, postId: await sending.post(target, 'One two') };
    sending.fake.streams.totalMs = -1;
    await sending.edit(posted, 'One two three four', completes);
    await sending.edit(posted, 'One two three four five', 'answer');
    expect(sending.answers(target)).toMatchObject([
      { text: 'One two three four five', metadata: metadata(target) },
    ]);
  });

  it('tells that a person ended it with the button of Slack', async () => {
    const sending = await Sending.start();
    const { fake, channel } = sending;
    const target = await sending.askToGrow();
    const posted = { ...target, postId: await sending.post(target, 'One two') };
    fake.people.stopStream(channel, posted.postId);
    await sending.edit(posted, 'One two three four');
    await vi.waitUntil(() => sending.events.some(({ type }) => type === 'cancelled'));
    expect(sending.events.at(-1)).toMatchObject({ type: 'cancelled', ...target });
    await sending.edit(posted, 'One two', 'answer');
    expect(sending.answers(target)).toMatchObject([{ text: 'One two' }]);
  });

  it('grows by changes for an hour where the team has no streams', async () => {
    const sending = await Sending.start();
    sending.answerNext('chat.startStream', refusal('unknown_method'));
    for (let count = 0; count < 2; count++) {
      const target = await sending.askToGrow();
      const posted = { ...target, postId: await sending.post(target, 'One') };
      await sending.edit(posted, 'One two', 'answer');
      expect(sending.answers(target)).toMatchObject([{ text: 'One two' }]);
    }
    expect(sending.fake.api.callsOf('chat.startStream')).toHaveLength(1);
    letTimePass(3_601_000);
    await sending.post(await sending.askToGrow(), 'One');
    expect(sending.fake.api.callsOf('chat.startStream')).toHaveLength(2);
  });

  it('is tried for the next answer where only the channel takes no stream', async () => {
    const sending = await Sending.start();
    sending.answerNext('chat.startStream', refusal('channel_type_not_supported'));
    const target = await sending.askToGrow();
    await sending.post(target, 'One');
    expect(sending.answers(target)).toMatchObject([{ text: 'One' }]);
    await sending.post(await sending.askToGrow(), 'One');
    expect(sending.fake.api.callsOf('chat.startStream')).toHaveLength(2);
  });

  it('is one of as many as Slack lets begin at once; the others grow by changes, and none is refused', async () => {
    const sending = await Sending.start();
    const { fake, ana } = sending;
    const rates = new RateLimits();
    fake.api.rates = rates;
    const channels = Array.from({ length: 8 }, (_, index) => fake.addChannel(`c${index}`, [ana]));
    const targets = await Promise.all(channels.map((channel) => sending.askToGrow({ channel })));
    const ids = await Promise.all(targets.map((target) => sending.post(target, 'One two')));
    const streams = targets
      .flatMap((target) => sending.answers(target))
      .filter((answer) => answer.streaming_state);
    expect(streams).toHaveLength(4);
    await Promise.all(
      targets.map((target, index) =>
        sending.edit({ ...target, postId: ids[index] ?? '' }, 'One two three', 'answer'),
      ),
    );
    for (const target of targets)
      expect(sending.answers(target)).toMatchObject([{ text: 'One two three' }]);
    expect(rates.refused).toEqual(new Map());
  });

  it('is not begun where Slack asks to wait, and grows by changes', async () => {
    const sending = await Sending.start();
    sending.answerNext('chat.startStream', wait(30));
    const target = await sending.askToGrow();
    await sending.post(target, 'One');
    await sending.post(await sending.askToGrow(), 'One');
    expect(sending.answers(target)).toMatchObject([{ text: 'One' }]);
    expect(sending.fake.api.callsOf('chat.startStream')).toHaveLength(1);
  });

  it('waits as long as Slack asks before it appends again, and loses nothing', async () => {
    const sending = await Sending.start();
    const { calls } = sending.fake.api;
    const target = await sending.askToGrow();
    const posted = { ...target, postId: await sending.post(target, 'One two') };
    sending.answerNext('chat.appendStream', wait(1));
    await sending.edit(posted, 'One two three');
    await sending.edit(posted, 'One two three four', 'answer');
    const appended = calls.filter(({ method }) => method === 'chat.appendStream');
    expect(appended.map(({ result }) => result)).toEqual(['intercepted', 'ok']);
    expect((appended[1]?.atMs ?? 0) - (appended[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(999);
    expect(sending.answers(target)).toMatchObject([{ text: 'One two three four' }]);
  });

  it('says nothing twice where the answer to an append was lost', async () => {
    const sending = await Sending.start();
    const target = await sending.askToGrow();
    const posted = { ...target, postId: await sending.post(target, 'One two') };
    sending.loseAnswerOf('chat.appendStream');
    await expect(sending.edit(posted, 'One two three')).rejects.toMatchObject({
      code: 'platform.failed',
    });
    await sending.edit(posted, 'One two three four');
    await sending.edit(posted, 'One two three four five', 'answer');
    expect(sending.answers(target)).toMatchObject([{ text: 'One two three four five' }]);
  });

  it('is taken up where the answer to its beginning was lost', async () => {
    const sending = await Sending.start();
    const target = await sending.askToGrow();
    sending.loseAnswerOf('chat.startStream');
    await expect(sending.post(target, 'One two')).rejects.toMatchObject({
      code: 'platform.failed',
    });
    await sending.post(target, 'One two three', { completes: 'answer' });
    expect(sending.answers(target)).toMatchObject([
      { text: 'One two three', metadata: metadata(target) },
    ]);
  });

  it('ends each of its messages, and has buttons below the last', async () => {
    const sending = await Sending.start();
    const target = await sending.askToGrow();
    const first = { ...target, postId: await sending.post(target, 'One two') };
    const second = {
      ...target,
      postId: await sending.post(target, 'Three four', { key: 'second' }),
    };
    await sending.edit(first, 'One two', 'message');
    await sending.edit(second, 'Three four', 'answer');
    const answers = sending.answers(target);
    expect(answers).toMatchObject([
      { text: 'One two', streaming_state: 'completed' },
      { text: 'Three four', streaming_state: 'completed' },
    ]);
    expect(answers.map((answer) => buttonsOf(answer).length > 0)).toEqual([false, true]);
    expect(sending.callsSince(0)).toEqual({ 'chat.startStream': 2, 'chat.stopStream': 2 });
  });

  it('can be taken away while it streams', async () => {
    const sending = await Sending.start();
    const target = await sending.askToGrow();
    const posted = { ...target, postId: await sending.post(target, 'One two') };
    await sending.remove(posted);
    expect(sending.answers(target)).toEqual([]);
    await expect(sending.remove(posted)).resolves.toBeUndefined();
    await sending.post(target, 'Anew', { completes: 'answer' });
    expect(sending.answers(target)).toMatchObject([{ text: 'Anew' }]);
  });
});
