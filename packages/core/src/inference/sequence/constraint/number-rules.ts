import { byte, choice, literal, never, optional, type Rule, repeat, sequence } from './grammar.js';
import { floorDivide, leastCommonMultiple, NumberLanguage } from './number-language.js';

/** What numbers are held to, as JSON Schema says it. All of them hold. */
export interface NumberBounds {
  isInteger: boolean;
  minima: readonly number[];
  maxima: readonly number[];
  exclusiveMinima: readonly number[];
  exclusiveMaxima: readonly number[];
  multiplesOf: readonly number[];
}

/** Most digits that JavaScript writes before and after the point. */
const writtenWholeDigits = 21;
const writtenFractionDigits = 25;
/** Digits after the point of a number with bounds, unless those have more. */
const usualFractionDigits = 6;
/** Doubles keep so many decimal digits. */
const exactDigits = 15;

const digit = byte('09');

/** Any number without bounds, as JavaScript writes it, up to 10^±99. */
export const anyNumber: Rule = sequence(
  optional(literal('-')),
  choice(literal('0'), sequence(byte('19'), repeat(digit, 0, writtenWholeDigits - 1))),
  optional(sequence(literal('.'), repeat(digit, 1, writtenFractionDigits))),
  optional(sequence(byte('e', 'E'), optional(byte('+', '-')), repeat(digit, 1, 2))),
);

/** Numbers within bounds, without exponent; no text at all where there is none. */
export function numberRule(bounds: NumberBounds): Rule {
  const { isInteger, minima, maxima, exclusiveMinima, exclusiveMaxima, multiplesOf } = bounds;
  // Between a double and the next one are decimals that read as the first.
  const lows = finite([...minima, ...exclusiveMinima.map(nextDouble)]);
  const highs = finite([...maxima, ...exclusiveMaxima.map((each) => -nextDouble(-each))]);
  const isEmpty =
    [...minima, ...exclusiveMinima].includes(Infinity) ||
    [...maxima, ...exclusiveMaxima].includes(-Infinity);
  if (isEmpty) return never;
  if (!isInteger && [lows, highs, multiplesOf].every(({ length }) => length === 0)) {
    return anyNumber;
  }
  const fractionDigits = fractionDigitsOf(isInteger, [...lows, ...highs], multiplesOf);
  const scaled = (value: number) => scaledDecimal(plainDecimal(value), fractionDigits);
  const step = multiplesOf
    .map((each) => scaledMultiple(each, fractionDigits))
    .reduce(leastCommonMultiple, isInteger ? 10n ** BigInt(fractionDigits) : 1n);
  const least = lows.map((each) => scaled(each).ceiling).reduce(larger, undefined);
  const most = highs.map((each) => -scaled(each).floor).reduce(larger, undefined);
  const [low, high] = closed(least, most === undefined ? undefined : -most, {
    fractionDigits,
    isStepped: multiplesOf.length > 0,
  });
  if (low > high || floorDivide(high, step) * step < low) return never;
  const form = { low, high, step, fractionDigits };
  return { type: 'language', open: (usable) => new NumberLanguage(form, usable) };
}

/** Bounds for a side that has none: as far as decimals of a double are exact, or beyond the other bound. */
function closed(
  low: bigint | undefined,
  high: bigint | undefined,
  { fractionDigits, isStepped }: { fractionDigits: number; isStepped: boolean },
): [bigint, bigint] {
  const scale = 10n ** BigInt(fractionDigits);
  const exact = isStepped
    ? 10n ** BigInt(Math.max(exactDigits, fractionDigits + 1))
    : BigInt(Number.MAX_SAFE_INTEGER) * scale;
  return [
    low ?? (high !== undefined && high < -exact ? high * 10n : -exact),
    high ?? (low !== undefined && low > exact ? low * 10n : exact),
  ];
}

function fractionDigitsOf(
  isInteger: boolean,
  bounds: readonly number[],
  multiplesOf: readonly number[],
): number {
  if (multiplesOf.length > 0) return Math.max(...multiplesOf.map(fractionDigitsIn));
  if (isInteger) return 0;
  const wholeDigits = Math.max(1, ...bounds.map((each) => wholeDigitsIn(each)));
  const usual = Math.min(usualFractionDigits, Math.max(0, exactDigits - wholeDigits));
  return Math.max(usual, ...bounds.map(fractionDigitsIn));
}

const fractionDigitsIn = (value: number): number => plainDecimal(value).split('.')[1]?.length ?? 0;
const wholeDigitsIn = (value: number): number =>
  (plainDecimal(value).replace('-', '').split('.')[0] ?? '').length;

const finite = (values: readonly number[]): number[] => values.filter(Number.isFinite);

const larger = (one: bigint | undefined, other: bigint): bigint =>
  one === undefined || other > one ? other : one;

/** The least double above one. */
function nextDouble(value: number): number {
  if (!Number.isFinite(value)) return value;
  const bits = new DataView(new ArrayBuffer(8));
  // Zero has two forms.
  bits.setFloat64(0, value + 0);
  const whole = bits.getBigInt64(0);
  bits.setBigInt64(0, value > 0 || Object.is(value + 0, 0) ? whole + 1n : whole - 1n);
  return bits.getFloat64(0);
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
  const after = padded.slice(place).replace(/0+$/, '');
  const text = after === '' ? padded.slice(0, place) : `${padded.slice(0, place)}.${after}`;
  return value < 0 ? `-${text}` : text;
}

/** A decimal in units of the last of `fractionDigits` digits, rounded down and up. */
function scaledDecimal(text: string, fractionDigits: number): { floor: bigint; ceiling: bigint } {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const kept = BigInt(whole + fraction.slice(0, fractionDigits).padEnd(fractionDigits, '0'));
  const isExact = /^0*$/.test(fraction.slice(fractionDigits));
  const signed = text.startsWith('-') ? -kept : kept;
  if (isExact) return { floor: signed, ceiling: signed };
  return text.startsWith('-')
    ? { floor: signed - 1n, ceiling: signed }
    : { floor: signed, ceiling: signed + 1n };
}

const scaledMultiple = (value: number, fractionDigits: number): bigint =>
  scaledDecimal(plainDecimal(value), fractionDigits).floor;
