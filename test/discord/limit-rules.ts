import { z } from 'zod';

/** Every field of a type of discord-api-types: one that the type lacks, or that is forgotten, does not compile. */
export type Fields<Type> = { [Key in keyof Required<Type>]: z.ZodType };

/** An id of Discord. */
export const snowflake = z.string().regex(/^\d{15,21}$/);

/** An id that the bot gives a component. */
export const customId = z.string().min(1).max(100);

/** Whether no value is there twice. */
export function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
