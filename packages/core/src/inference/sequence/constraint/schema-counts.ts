import type { PlainSchema } from './schema-conjunction.js';
import { invalidSchema } from './schema-errors.js';

/** The narrowest of the counts that schemas name: at least the largest `minimum`, at most the least `maximum`. */
export function countsOf(
  plain: readonly PlainSchema[],
  minimum: string,
  maximum: string,
): { min: number; max: number } {
  const all = (keyword: string) =>
    plain.flatMap(({ schema, path }) => {
      const value = schema[keyword];
      if (value === undefined) return [];
      if (typeof value === 'number' && value >= 0) return [value];
      throw invalidSchema(`${path}/${keyword}`, 'is no count');
    });
  return {
    min: Math.ceil(Math.max(0, ...all(minimum))),
    max: Math.floor(Math.min(Infinity, ...all(maximum))),
  };
}
