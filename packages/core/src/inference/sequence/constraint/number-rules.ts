import {
  byte,
  choice,
  literal,
  nothing,
  optional,
  type Rule,
  repeat,
  sequence,
} from './grammar.js';

/** Bounds of a number, as JSON Schema gives them. */
export interface NumberBounds {
  minimum?: number | undefined;
  maximum?: number | undefined;
  exclusiveMinimum?: number | undefined;
  exclusiveMaximum?: number | undefined;
}

/** Doubles keep fifteen decimal digits. */
const exactDigits = 15;
/** Most digits that JavaScript writes before and after the point. */
const writtenWholeDigits = 21;
const writtenFractionDigits = 25;
/** Digits after the point of a number with bounds, as far as the double has room for them. */
const usualFractionDigits = 6;

const digit = byte('09');

/** Any number without bounds, as JavaScript writes it, up to 10^±99. */
export const anyNumber: Rule = sequence(
  optional(literal('-')),
  choice(literal('0'), sequence(byte('19'), repeat(digit, 0, writtenWholeDigits - 1))),
  optional(sequence(literal('.'), repeat(digit, 1, writtenFractionDigits))),
  optional(sequence(byte('e', 'E'), optional(byte('+', '-')), repeat(digit, 1, 2))),
);

/** Whole numbers within bounds, or without them those that a double holds; undefined when there is none. */
export function integerRule(bounds: NumberBounds): Rule | undefined {
  const lowest = BigInt(Number.MIN_SAFE_INTEGER);
  const highest = BigInt(Number.MAX_SAFE_INTEGER);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = bounds;
  const low = largest([
    lowest,
    ...(minimum === undefined ? [] : [wholeNumber(Math.ceil(minimum))]),
    ...(exclusiveMinimum === undefined ? [] : [wholeNumber(Math.floor(exclusiveMinimum)) + 1n]),
  ]);
  const high = -largest([
    -highest,
    ...(maximum === undefined ? [] : [-wholeNumber(Math.floor(maximum))]),
    ...(exclusiveMaximum === undefined ? [] : [1n - wholeNumber(Math.ceil(exclusiveMaximum))]),
  ]);
  return scaledRule(low, high, 0);
}

/** Numbers within bounds, without exponent; undefined when there is none. */
export function numberRule(bounds: NumberBounds): Rule | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = bounds;
  const given = [minimum, maximum, exclusiveMinimum, exclusiveMaximum].filter(
    (bound) => bound !== undefined,
  );
  if (given.length === 0) return anyNumber;
  const texts = given.map(plainDecimal);
  const wholeDigits = Math.max(...texts.map((text) => (text.split('.')[0] ?? '').length));
  const fractionDigits = Math.max(
    ...texts.map((text) => text.split('.')[1]?.length ?? 0),
    Math.min(usualFractionDigits, Math.max(0, exactDigits - wholeDigits)),
  );
  const scale = 10n ** BigInt(fractionDigits);
  const scaled = (bound: number) => scaledDecimal(plainDecimal(bound), fractionDigits);
  const far = BigInt(Number.MAX_SAFE_INTEGER) * scale;
  const low = largest([
    -far,
    ...(minimum === undefined ? [] : [scaled(minimum)]),
    ...(exclusiveMinimum === undefined ? [] : [scaled(exclusiveMinimum) + 1n]),
  ]);
  const high = -largest([
    -far,
    ...(maximum === undefined ? [] : [-scaled(maximum)]),
    ...(exclusiveMaximum === undefined ? [] : [1n - scaled(exclusiveMaximum)]),
  ]);
  return scaledRule(low, high, fractionDigits);
}

/** The numbers from `low` to `high`, both in units of the last of `fractionDigits` digits. */
function scaledRule(low: bigint, high: bigint, fractionDigits: number): Rule | undefined {
  if (low > high) return undefined;
  const negative =
    low < 0n
      ? [sequence(literal('-'), magnitudeRule(high < 0n ? -high : 1n, -low, fractionDigits))]
      : [];
  const positive = high >= 0n ? [magnitudeRule(low < 0n ? 0n : low, high, fractionDigits)] : [];
  return choice(...positive, ...negative);
}

/** As {@link scaledRule}, from zero on. */
function magnitudeRule(low: bigint, high: bigint, fractionDigits: number): Rule {
  const scale = 10n ** BigInt(fractionDigits);
  const fraction = (value: bigint) =>
    fractionDigits === 0 ? '' : (value % scale).toString().padStart(fractionDigits, '0');
  const zeros = '0'.repeat(fractionDigits);
  const nines = '9'.repeat(fractionDigits);
  const [lowWhole, highWhole] = [low / scale, high / scale];
  const at = (whole: bigint, from: string, to: string) =>
    sequence(literal(whole.toString()), fractionRule(from, to));
  if (lowWhole === highWhole) return at(lowWhole, fraction(low), fraction(high));
  return choice(
    at(lowWhole, fraction(low), nines),
    ...(highWhole - lowWhole > 1n
      ? [sequence(naturalRule(lowWhole + 1n, highWhole - 1n), fractionRule(zeros, nines))]
      : []),
    at(highWhole, zeros, fraction(high)),
  );
}

function naturalRule(low: bigint, high: bigint): Rule {
  const [shortest, longest] = [low.toString(), high.toString()];
  const ofLength = (length: number) =>
    digitsRule(
      length === shortest.length ? shortest : `1${'0'.repeat(length - 1)}`,
      length === longest.length ? longest : '9'.repeat(length),
      false,
    );
  const lengths = Array.from(
    { length: longest.length - shortest.length + 1 },
    (_, index) => shortest.length + index,
  );
  return choice(...lengths.map(ofLength));
}

/** A point and digits, or nothing where nothing stands for zeros. */
function fractionRule(low: string, high: string): Rule {
  if (high === '') return nothing;
  const some = sequence(literal('.'), digitsRule(low, high, true, true));
  return isAll('0', low) ? optional(some) : some;
}

/**
 * Digits from `low` to `high`, which are equally long. With `mayEnd`, zeros at the end may be left
 * out, though not all digits when `needsOne`.
 */
function digitsRule(low: string, high: string, mayEnd: boolean, needsOne = false): Rule {
  if (low === '') return nothing;
  const end = mayEnd && !needsOne && isAll('0', low) ? [nothing] : [];
  if (isAll('0', low) && isAll('9', high)) {
    return repeat(digit, mayEnd ? (needsOne ? 1 : 0) : low.length, low.length);
  }
  const rest = (from: string, to: string) => digitsRule(from, to, mayEnd);
  const [lowDigit, highDigit] = [low[0] ?? '0', high[0] ?? '0'];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  const zeros = '0'.repeat(lowRest.length);
  const nines = '9'.repeat(lowRest.length);
  if (lowDigit === highDigit) {
    return choice(...end, sequence(literal(lowDigit), rest(lowRest, highRest)));
  }
  const [after, before] = [Number(lowDigit) + 1, Number(highDigit) - 1];
  return choice(
    ...end,
    sequence(literal(lowDigit), rest(lowRest, nines)),
    ...(after <= before ? [sequence(byte(`${after}${before}`), rest(zeros, nines))] : []),
    sequence(literal(highDigit), rest(zeros, highRest)),
  );
}

const isAll = (which: string, digits: string): boolean =>
  [...digits].every((each) => each === which);

const largest = (values: readonly bigint[]): bigint =>
  values.reduce((best, each) => (each > best ? each : best));

/** Bounds beyond the safe integers bound nothing that is written. */
function wholeNumber(value: number): bigint {
  const far = Number.MAX_SAFE_INTEGER;
  return BigInt(Math.max(-far - 1, Math.min(far + 1, value)));
}

/** The shortest decimal that is this double, without exponent. */
function plainDecimal(value: number): string {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toString().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const shift = Number(exponent);
  const digits = `${whole}${fraction}`;
  const point = whole.length + shift;
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const place = Math.max(1, point);
  const text = `${padded.slice(0, place)}.${padded.slice(place)}`.replace(/\.?0*$/, '');
  return value < 0 ? `-${text}` : text;
}

function scaledDecimal(text: string, fractionDigits: number): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const scaled = BigInt(whole + fraction.padEnd(fractionDigits, '0'));
  return text.startsWith('-') ? -scaled : scaled;
}
