import { BoundedMap } from './bounded-map.js';
import { pause } from './pause.js';

const maxChannels = 10_000;

/**
 * Spreads changes of messages over the rate that a platform says a channel has left, so that a growing answer
 * does not use it up at once and then stand still.
 */
export class EditPace {
  readonly #notBeforeMs = new BoundedMap<string, number>(maxChannels);

  /** Resolves when it is the channel's turn. */
  async wait(channelId: string, signal: AbortSignal): Promise<void> {
    await pause((this.#notBeforeMs.get(channelId) ?? 0) - performance.now(), signal);
  }

  /** Notes what the platform said with a change. */
  note(channelId: string, paceMs: number): void {
    this.#notBeforeMs.set(channelId, performance.now() + paceMs);
  }
}
