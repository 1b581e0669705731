import { isIPv6 } from 'node:net';
import { BoundedMap } from '@vistazo/core/adapter-kit';

/** People mistype a secret; who is wrong more often than this is made to wait. */
const freeGuesses = 2;
const firstPauseMs = 1000;
const longestPauseMs = 300_000;
/** Guesses of an address are forgotten when there was none for so long. */
const rememberedMs = 3_600_000;
const maxAddresses = 10_000;

interface Guesses {
  wrong: number;
  lastAtMs: number;
  /** No guess is looked at before. */
  nextAtMs: number;
}

/** Makes whoever guesses a secret wait, for longer after each wrong guess; each address by itself. */
export class GuessLimit {
  readonly #guesses = new BoundedMap<string, Guesses>(maxAddresses);

  /** How long an address has to wait before its next guess is looked at; 0 when it need not. */
  waitMs(address: string): number {
    return Math.max(0, (this.#of(address)?.nextAtMs ?? 0) - performance.now());
  }

  /** Counts a wrong guess; gives how many there were and how long the next one has to wait. */
  wrong(address: string): { wrong: number; waitMs: number } {
    const wrong = (this.#of(address)?.wrong ?? 0) + 1;
    const steps = wrong - freeGuesses - 1;
    const waitMs = steps < 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** steps);
    const nowMs = performance.now();
    this.#guesses.set(networkOf(address), { wrong, lastAtMs: nowMs, nextAtMs: nowMs + waitMs });
    return { wrong, waitMs };
  }

  /** Whoever knows the secret has guessed nothing. */
  right(address: string): void {
    this.#guesses.delete(networkOf(address));
  }

  #of(address: string): Guesses | undefined {
    const guesses = this.#guesses.get(networkOf(address));
    const isOver = guesses !== undefined && performance.now() - guesses.lastAtMs > rememberedMs;
    return isOver ? undefined : guesses;
  }
}

/** One person has a whole /64 of IPv6. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === '' ? [] : tail.split(':');
  const zeros = plain.includes('::') ? 8 - groups.length - rest.length : 0;
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...rest];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16))
    .join(':');
}
