import type { PluginMessage } from '@vistazo/core';
import { z } from 'zod';

/**
 * Ids of the people who may use the commands for operators, and are shown what comes from all conversations of the
 * tenant. Default: everybody may use them, and each conversation is shown its own alone.
 */
export const operatorsSchema = z.array(z.string().min(1)).optional();

/** Whether the author of a message is one of them. */
export function isOperator(
  operators: z.infer<typeof operatorsSchema>,
  { author }: Pick<PluginMessage, 'author'>,
): boolean {
  return operators === undefined || operators.includes(author.id);
}

/** Whether the author of a message was named, and so is shown what comes from other conversations. */
export function seesAll(
  operators: z.infer<typeof operatorsSchema>,
  message: Pick<PluginMessage, 'author'>,
): boolean {
  return operators !== undefined && isOperator(operators, message);
}
