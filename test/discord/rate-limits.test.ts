import { describe, expect, it } from 'vitest';
import { RateLimits } from './rate-limits.ts';

const post = (channel: number) => ({
  method: 'POST',
  path: `/channels/90000000000000000${channel}/messages`,
  body: {},
});
const edit = (message: number) => ({
  method: 'PATCH',
  path: `/channels/900000000000000001/messages/90000000000000000${message}`,
  body: {},
});

describe('rates like Discord’s', () => {
  it('take 5 calls of a route in a channel, count down in the headers, and say when there are more', () => {
    const rates = new RateLimits();
    const left = [1, 2, 3, 4, 5].map((message) => {
      const { headers, refusal } = rates.take(edit(message));
      expect(refusal).toBeUndefined();
      return headers['x-ratelimit-remaining'];
    });
    expect(left).toEqual(['4', '3', '2', '1', '0']);
    expect(rates.take(edit(6)).refusal).toMatchObject({
      status: 429,
      headers: { 'x-ratelimit-scope': 'user', 'retry-after': '5' },
      body: { global: false },
    });
    expect(rates.take(post(1)).refusal).toBeUndefined();
    expect(rates.take(post(2)).refusal).toBeUndefined();
    expect(rates.refused).toBe(1);
  });

  it('take 50 calls of the bot in a second', () => {
    const rates = new RateLimits();
    const call = (index: number) => ({ method: 'GET', path: `/channels/9${index}`, body: {} });
    const refusals = Array.from({ length: 51 }, (_, index) => rates.take(call(index)).refusal);
    expect(refusals.slice(0, 50)).toEqual(Array.from({ length: 50 }));
    expect(refusals[50]).toMatchObject({
      headers: { 'x-ratelimit-global': 'true' },
      body: { global: true },
    });
  });
});
