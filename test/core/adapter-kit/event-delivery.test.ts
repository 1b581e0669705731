import { type PlatformEvent, VistazoError } from '@vistazo/core';
import { EventDelivery } from '@vistazo/core/adapter-kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const minuteMs = 60_000;

/** A delivery to a store that is away at first, and what it stored and told. */
function delivering(awayMs: number) {
  const backAtMs = Date.now() + awayMs;
  const stored: string[] = [];
  const told: string[] = [];
  const host = {
    receive: async ({ messageId }: PlatformEvent) => {
      if (Date.now() < backAtMs) throw new VistazoError('store.failed', 'It is away.');
      stored.push(messageId);
      return 'accepted' as const;
    },
    forget: async () => {},
  };
  const delivery = new EventDelivery(host, 'Discord', (sentence) => told.push(sentence));
  return { delivery, stored, told };
}

function message(messageId: string): PlatformEvent {
  return {
    type: 'message',
    eventId: `message ${messageId}`,
    tenant: 'guild',
    conversationKey: 'channel',
    messageId,
    author: { id: 'ana', name: 'Ana' },
    postedAtMs: 0,
    text: 'What is this?',
  };
}

describe('EventDelivery', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('loses no message while the store is away for ten minutes, and tells the operator once', async () => {
    const { delivery, stored, told } = delivering(10 * minuteMs);
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`);
    const taken = Promise.all(ids.map((id) => delivery.deliver(message(id))));
    await vi.advanceTimersByTimeAsync(9 * minuteMs);
    expect(stored).toEqual([]);
    await vi.advanceTimersByTimeAsync(2 * minuteMs);
    expect(await taken).toEqual(ids.map(() => 'accepted'));
    expect(stored).toEqual(ids);
    expect(told).toEqual([
      'What comes from Discord cannot be stored: store.failed. It waits in memory and is tried again; do not stop the bot before the store is back.',
    ]);
  });

  it('ends its tries when it is stopped, and says that the message was not kept', async () => {
    const { delivery, stored, told } = delivering(10 * minuteMs);
    const taken = delivery.deliver(message('1'));
    await vi.advanceTimersByTimeAsync(3000);
    delivery.stop();
    await vi.advanceTimersByTimeAsync(0);
    expect(await taken).toBeUndefined();
    expect(stored).toEqual([]);
    expect(told).toEqual(['What came from Discord could not be kept: store.failed.']);
  });

  it('tries an invalid event once only', async () => {
    const told: string[] = [];
    const receive = vi.fn(async () => {
      throw new VistazoError('option.invalid', 'It is no event.');
    });
    const host = { receive, forget: async () => {} };
    const delivery = new EventDelivery(host, 'Discord', (sentence) => told.push(sentence));
    expect(await delivery.deliver(message('1'))).toBeUndefined();
    expect(receive).toHaveBeenCalledTimes(1);
    expect(told).toEqual(['What came from Discord could not be kept: option.invalid.']);
  });

  it.each(['store.failed', 'internal'] as const)(
    'gives up a message that fails while others are stored: %s',
    async (code) => {
      const told: string[] = [];
      const host = {
        receive: async ({ messageId }: PlatformEvent) => {
          if (messageId === 'bad') throw new VistazoError(code, 'It cannot be stored.');
          return 'accepted' as const;
        },
        forget: async () => {},
      };
      const delivery = new EventDelivery(host, 'Discord', (sentence) => told.push(sentence));
      const bad = delivery.deliver(message('bad'));
      for (let round = 0; round < 10; round++) {
        await vi.advanceTimersByTimeAsync(6000);
        expect(await delivery.deliver(message(`${round}`))).toBe('accepted');
      }
      expect(await bad).toBeUndefined();
      expect(told).toEqual([`What came from Discord could not be kept: ${code}.`]);
    },
  );
});
