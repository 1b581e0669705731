import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { call, type Doing, newGuestPlace, post, responseOf } from './interact.ts';
import { type Listening, listen } from './listen.ts';

const question = { name: 'question', type: 3, value: 'Which?' };
const hidden = { name: 'private', type: 5, value: true };
/** Before and after the last minute of a token, in which it is not used any more. */
const beforeEndMs = 14 * 60_000 - 5000;
const endMs = 14 * 60_000 + 5000;
const signal = () => AbortSignal.timeout(60_000);

/** Somebody asks with a command, which is acknowledged. */
async function ask(
  setting: Listening,
  { options = [question], ...doing }: Doing & { options?: Parameters<typeof call>[2] } = {},
) {
  const { id } = await call(setting, 'ask', options, doing);
  expect(await responseOf(setting, id)).toMatchObject({ type: 5 });
  const event = setting.events.find((each) => each.messageId.endsWith(id));
  if (event === undefined) throw new Error('Nothing was handed over.');
  return event;
}

const contentsOf = async ({ twin }: Listening, channelId?: string) =>
  (await twin.posts(channelId)).map(({ content }) => content);

/** The bot's own messages in a channel, posted without a token. */
const plainPosts = ({ twin }: Listening, channelId = twin.channelId) =>
  twin.front.calls.filter(
    ({ method, path }) => method === 'POST' && path === `/channels/${channelId}/messages`,
  );

/** Lets time pass for what goes by timers and dates. */
const pass = (durationMs: number) => vi.advanceTimersByTimeAsync(durationMs);

/** Discord takes no token any more. */
function endTokens({ twin }: Listening): void {
  twin.front.intercept(({ path }) =>
    path.startsWith('/webhooks/')
      ? { status: 401, body: { code: 50027, message: 'Invalid Webhook Token' } }
      : undefined,
  );
}

describe('the answer to a command whose token ends', () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'Date'],
      shouldAdvanceTime: true,
    });
  });
  afterEach(() => void vi.useRealTimers());

  it('comes by the token until shortly before', async () => {
    const setting = await listen();
    const event = await ask(setting);
    await pass(beforeEndMs);
    await post(setting, event, 'The first.');
    expect(await contentsOf(setting)).toEqual(['The first.']);
    expect(plainPosts(setting)).toEqual([]);
  });

  it('that has not begun is a plain message, posted once, which the person is told before', async () => {
    const setting = await listen();
    const event = await ask(setting, { locale: 'es-ES' });
    await pass(endMs);
    await vi.waitFor(async () =>
      expect(await contentsOf(setting)).toEqual([
        'Esto tarda más; la respuesta llegará en un mensaje aparte.',
      ]),
    );
    endTokens(setting);
    const id = await post(setting, event, 'The first.');
    expect(await post(setting, event, 'The first.')).toBe(id);
    await setting.adapter.edit?.({ ...event, postId: id }, 'The first one.', { signal: signal() });
    expect((await contentsOf(setting)).slice(1)).toEqual(['The first one.']);
    expect(plainPosts(setting)).toHaveLength(1);
    expect(plainPosts(setting)[0]?.body).toMatchObject({ enforce_nonce: true });
  });

  it('that has begun goes on in its message and in further ones of the channel', async () => {
    const setting = await listen();
    const event = await ask(setting);
    const postId = await post(setting, event, 'The');
    await pass(endMs);
    endTokens(setting);
    await setting.adapter.edit?.({ ...event, postId }, 'The first one.', { signal: signal() });
    await post(setting, event, 'By far.', 'd'.repeat(24));
    expect(await contentsOf(setting)).toEqual(['The first one.', 'By far.']);
    expect(plainPosts(setting)).toHaveLength(1);
  });

  it('that has ended without a word is let be', async () => {
    const setting = await listen({ buttons: false });
    const event = await ask(setting);
    setting.adapter.answering?.(event, { type: 'ended' });
    const other = await ask(setting);
    await pass(endMs);
    const notices = () =>
      setting.twin.front.calls.filter(({ path }) => path.startsWith('/webhooks/'));
    await vi.waitFor(() => expect(notices()).toHaveLength(1));
    expect(notices()[0]?.path).toContain(other.messageId.replace('command:', 'token-of-'));
  });

  it('that has begun stops where only the token may, and the person is told so', async () => {
    const setting = await listen();
    const place = await newGuestPlace(setting.twin, 'server');
    const event = await ask(setting, { place });
    await post(setting, event, 'The');
    await pass(endMs);
    const { channelId } = place;
    await vi.waitFor(async () => expect(await contentsOf(setting, channelId)).toHaveLength(2));
    const [answer, notice] = await contentsOf(setting, channelId);
    expect(answer).toBe('The');
    expect(notice).toContain('This took too long');
    expect(plainPosts(setting, channelId)).toEqual([]);
  });

  it('is not given where only the token may, and the person is told so', async () => {
    const setting = await listen();
    const place = await newGuestPlace(setting.twin, 'people');
    const elsewhere = await ask(setting, { place });
    const alone = await ask(setting, { options: [question, hidden] });
    await pass(endMs);
    const sentence =
      'This took too long: here I can answer for 15 minutes only. Please ask again later.';
    await vi.waitFor(async () => {
      expect(await contentsOf(setting, place.channelId)).toEqual([sentence]);
      expect(await contentsOf(setting)).toEqual([sentence]);
    });
    endTokens(setting);
    for (const event of [elsewhere, alone])
      await expect(post(setting, event, 'Late.')).rejects.toMatchObject({
        code: 'platform.gone',
        message: expect.stringContaining('too old'),
      });
    expect(plainPosts(setting)).toEqual([]);
    expect(plainPosts(setting, place.channelId)).toEqual([]);
  });
});
