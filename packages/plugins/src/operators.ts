import type { PluginMessage } from '@vistazo/core';
import { z } from 'zod';

/** Ids of the people who may use the commands for operators. Default everybody. */
export const operatorsSchema = z.array(z.string().min(1)).optional();

/** Whether the author of a message is one of them. */
export function isOperator(
  operators: z.infer<typeof operatorsSchema>,
  { author }: Pick<PluginMessage, 'author'>,
): boolean {
  return operators === undefined || operators.includes(author.id);
}
