import { dead, type Language, StateNumbers } from './language.js';

/** Numbers from `low` to `high` that are multiples of `step`, all in units of the last fraction digit. */
export interface NumberForm {
  low: bigint;
  high: bigint;
  step: bigint;
  fractionDigits: number;
}

/** What has been written of a number: its digits as one number, and how many are behind the point. */
interface Prefix {
  isNegative: boolean;
  digits: bigint;
  /** Digits written; 0 after nothing or a sign. */
  count: number;
  /** Undefined before the point. */
  fraction: number | undefined;
}

interface State {
  prefix: Prefix;
  bytesToEnd: number;
}

/** JSON numbers without exponent, held to bounds and a step. */
export class NumberLanguage implements Language {
  readonly start: number;
  readonly #form: NumberForm;
  readonly #wholeDigits: number;
  readonly #usable: ReadonlySet<number>;
  readonly #numbers = new StateNumbers<State>();
  readonly #nexts: number[][] = [];
  /** By how many of the last fraction digits are 0: what the number is a multiple of. */
  readonly #units: readonly bigint[];

  constructor(form: NumberForm, usable: ReadonlySet<number>) {
    this.#form = form;
    this.#usable = usable;
    const { low, high, step, fractionDigits } = form;
    this.#units = Array.from({ length: fractionDigits + 1 }, (_, zeros) =>
      leastCommonMultiple(step, 10n ** BigInt(zeros)),
    );
    const most = [low, high].map((bound) => abs(bound).toString().length - fractionDigits);
    this.#wholeDigits = Math.max(1, ...most);
    this.start = this.#numberOf({ isNegative: false, digits: 0n, count: 0, fraction: undefined });
  }

  next(state: number, byte: number): number {
    const nexts = this.#nexts[state] ?? [];
    this.#nexts[state] = nexts;
    const next = nexts[byte] ?? this.#next(this.#numbers.state(state).prefix, byte);
    nexts[byte] = next;
    return next;
  }

  bytesToEnd(state: number): number {
    return this.#numbers.state(state).bytesToEnd;
  }

  canGoOn(state: number): boolean {
    return [...'-.0123456789'].some((sign) => this.next(state, sign.charCodeAt(0)) !== dead);
  }

  #next(prefix: Prefix, byte: number): number {
    const { isNegative, digits, count, fraction } = prefix;
    if (byte === 0x2d) {
      if (count > 0 || isNegative || fraction !== undefined) return dead;
      return this.#living({ ...prefix, isNegative: true });
    }
    if (byte === 0x2e) {
      if (count === 0 || fraction !== undefined || this.#form.fractionDigits === 0) return dead;
      return this.#living({ ...prefix, fraction: 0 });
    }
    const digit = byte - 0x30;
    if (digit < 0 || digit > 9) return dead;
    if (fraction !== undefined && fraction >= this.#form.fractionDigits) return dead;
    // A number that begins with 0 has no further digits before its point.
    if (fraction === undefined && count > 0 && digits === 0n) return dead;
    return this.#living({
      isNegative,
      digits: digits * 10n + BigInt(digit),
      count: count + 1,
      fraction: fraction === undefined ? undefined : fraction + 1,
    });
  }

  #living(prefix: Prefix): number {
    const number = this.#numberOf(prefix);
    return this.bytesToEnd(number) === Infinity ? dead : number;
  }

  #numberOf(prefix: Prefix): number {
    const { isNegative, digits, count, fraction } = prefix;
    const { low, high, step } = this.#form;
    const spans = this.#spans(prefix);
    const isTight = spans.some(
      ([from, to]) => from <= high && to >= low && (from < low || to > high),
    );
    // Prefixes that no bound cuts differ in their rest by the step alone.
    const rest = isTight
      ? `${digits}`
      : `${digits % step} ${digits === 0n} ${spans.map(([from, to]) => Number(from <= high && to >= low)).join('')}`;
    const key = `${isNegative} ${count} ${fraction} ${isTight} ${rest}`;
    return this.#numbers.numberOf(key, () => ({ prefix, bytesToEnd: this.#bytesToEnd(prefix) }));
  }

  /** The values that begin so, by how many more digits stand before the point. */
  #spans(prefix: Prefix): (readonly [bigint, bigint])[] {
    return Array.from({ length: this.#moreWholeDigits(prefix) + 1 }, (_, more) =>
      this.#span(prefix, more),
    );
  }

  #moreWholeDigits({ digits, count, fraction }: Prefix): number {
    if (fraction !== undefined || (count > 0 && digits === 0n)) return 0;
    return Math.max(0, this.#wholeDigits - count);
  }

  #span({ isNegative, digits, count, fraction }: Prefix, more: number): readonly [bigint, bigint] {
    const unit = 10n ** BigInt(more + this.#form.fractionDigits - (fraction ?? 0));
    // A number of several digits does not begin with 0.
    const isLong = count === 0 && more > 1;
    const from = isLong ? unit / 10n : digits * unit;
    const to = (digits + 1n) * unit - 1n;
    // There is no −0.
    return isNegative ? [-to, from === 0n ? -1n : -from] : [from, to];
  }

  #bytesToEnd(prefix: Prefix): number {
    const { fractionDigits } = this.#form;
    const needed = fractionDigits > 0 ? '0123456789.' : '0123456789';
    if (![...needed].every((sign) => this.#usable.has(sign.charCodeAt(0)))) return Infinity;
    const [sign, rest] = [prefix, { ...prefix, isNegative: true }];
    const isUnsigned = prefix.count === 0 && !prefix.isNegative;
    const own = this.#bytesFrom(sign);
    return isUnsigned && this.#usable.has(0x2d) ? Math.min(own, 1 + this.#bytesFrom(rest)) : own;
  }

  #bytesFrom(prefix: Prefix): number {
    const { fractionDigits } = this.#form;
    const { count, fraction } = prefix;
    if (count > this.#wholeDigits + fractionDigits) return Infinity;
    if (fraction !== undefined) {
      for (let more = fraction === 0 ? 1 : 0; fraction + more <= fractionDigits; more += 1) {
        if (this.#holds(this.#span(prefix, 0), fractionDigits - fraction - more)) return more;
      }
      return Infinity;
    }
    let best = Infinity;
    const least = count === 0 ? 1 : 0;
    for (let more = least; more <= this.#moreWholeDigits(prefix); more += 1) {
      const span = this.#span(prefix, more);
      if (this.#holds(span, fractionDigits)) best = Math.min(best, more);
      for (let behind = 1; behind <= fractionDigits && more + 1 + behind < best; behind += 1) {
        if (this.#holds(span, fractionDigits - behind)) best = more + 1 + behind;
      }
    }
    return best;
  }

  /** Whether a valid number lies within, whose last `zeros` fraction digits are 0 and not written. */
  #holds([from, to]: readonly [bigint, bigint], zeros: number): boolean {
    const { low, high } = this.#form;
    const unit = this.#units[zeros] ?? 1n;
    const first = from > low ? from : low;
    const last = to < high ? to : high;
    return first <= last && floorDivide(last, unit) * unit >= first;
  }
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);

export function leastCommonMultiple(one: bigint, other: bigint): bigint {
  let [a, b] = [one, other];
  while (b > 0n) [a, b] = [b, a % b];
  return (one / a) * other;
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}
