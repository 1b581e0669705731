import type { PlatformEvent } from '@vistazo/core';

/** How a worker reaches its database. */
export type Database = { type: 'sqlite'; path: string } | { type: 'postgres'; url: string };

/** From the platform to a bot. */
export type ToBot =
  | { type: 'event'; event: PlatformEvent & { type: 'message' } }
  | { type: 'done'; call: number; postId: string };

/** From a bot to the platform. */
export type ToPlatform =
  | { type: 'ready' }
  | { type: 'acknowledge'; eventId: string }
  | { type: 'post'; call: number; messageId: string; text: string; idempotencyKey: string }
  | { type: 'edit'; call: number; postId: string; text: string };

/** Most characters of a message on this platform. */
export const maxTextLength = 200;

/** What the model of the workers answers. */
export function answerTo(question: string): string {
  const isLong = /0$/.test(question);
  return `The answer to ${question}${' is long'.repeat(isLong ? 40 : 1)}.`;
}
