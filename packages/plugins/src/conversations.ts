import type { PluginMessage } from '@vistazo/core';
import { z } from 'zod';

/**
 * Conversations that a plugin is for: their keys, or the beginning of keys followed by `*`, such as
 * `support*` for a channel and the threads in it. Default all.
 */
export const conversationsSchema = z.array(z.string().min(1)).min(1).optional();

/** Whether a message stands in one of them. */
export function isIn(
  conversations: z.infer<typeof conversationsSchema>,
  { conversationKey }: Pick<PluginMessage, 'conversationKey'>,
): boolean {
  if (conversations === undefined) return true;
  return conversations.some((key) =>
    key.endsWith('*') ? conversationKey.startsWith(key.slice(0, -1)) : conversationKey === key,
  );
}
