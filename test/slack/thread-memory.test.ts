import { describe, expect, it } from 'vitest';
import { SlackApi } from '../../packages/slack/src/slack-api.ts';
import { Threads } from '../../packages/slack/src/threads.ts';

const api = new SlackApi({
  tokenOf: async () => 'xoxb-none',
  clientOptions: {},
  notify: () => {},
});
const place = { team: 'T1', channel: 'C1' };

/** A message with a text so long, which begins a thread. */
const message = (ts: string, length: number) => ({
  ...place,
  ts,
  user: 'U1',
  text: 'x'.repeat(length),
});

describe('what is kept of threads on Slack', () => {
  it('has no more characters than it may, whoever writes how much, and is what was heard last', () => {
    const threads = new Threads(api, { maxCharacters: 100_000 });
    const ids = Array.from({ length: 20 }, (_, index) => `${index + 1}.000000`);
    for (const ts of ids) threads.heard(message(ts, 10_000));
    const kept = ids.filter((ts) => threads.versionOf({ ...place, ts }) !== undefined);
    expect(kept).toEqual(ids.slice(-9));
  });

  it('takes back the room of what was deleted, forgotten and changed', () => {
    const threads = new Threads(api, { maxCharacters: 100_000 });
    const [first, second] = ['1.000000', '2.000000'];
    for (const length of [90_000, 10, 90_000, 10]) threads.heard(message(first, length));
    threads.heard(message(second, 60_000));
    threads.forgot({ ...place, ts: second });
    threads.heard(message(second, 60_000));
    expect(threads.versionOf({ ...place, ts: first })?.text).toHaveLength(10);
    threads.forgotten((team) => team === 'T1');
    expect(threads.versionOf({ ...place, ts: first })).toBeUndefined();
    for (const ts of [first, second]) threads.heard(message(ts, 45_000));
    expect(threads.versionOf({ ...place, ts: first })?.text).toHaveLength(45_000);
  });
});
