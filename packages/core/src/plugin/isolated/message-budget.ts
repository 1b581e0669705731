import type { FromPlugin } from './protocol.js';

/** Longest message of a plugin, such as the answer of a route. */
export const maxMessageBytes = 16 * 2 ** 20;

/** What a message takes from the budget, besides its bytes: some make the bot do or keep more than others. */
const costs: Partial<Record<string, number>> = {
  log: 10,
  measure: 1,
  generate: 100,
  announce: 100,
};
/** Longest line of the log, and longest measure. */
const maxNoteBytes = 64 * 2 ** 10;
const bytesPerUnit = 16 * 2 ** 10;
const unitsPerSecond = 1000;
const maxUnits = 5000;

/** How much a plugin's process may still send: 1,000 units a second, 5,000 at once. @internal */
export class MessageBudget {
  #units = maxUnits;
  #atMs = performance.now();

  /** Takes a message; gives whether there was room for it. */
  take(message: FromPlugin, bytes: number): boolean {
    const isNote =
      message.type === 'ask' && (message.asked.type === 'log' || message.asked.type === 'measure');
    if (isNote && bytes > maxNoteBytes) return false;
    const nowMs = performance.now();
    this.#units = Math.min(maxUnits, this.#units + ((nowMs - this.#atMs) / 1000) * unitsPerSecond);
    this.#atMs = nowMs;
    const cost = message.type === 'ask' ? (costs[message.asked.type] ?? 1) : 1;
    this.#units -= cost + bytes / bytesPerUnit;
    return this.#units >= 0;
  }
}
