import type { PlatformEvent } from '@vistazo/core';

/** How a bot is set up. */
export interface BotSettings {
  databaseUrl: string;
  modelUrl: string;
  /** Answers at once. */
  sideBySide: number;
}

/** From the platform to a bot. */
export interface ToBot {
  event: PlatformEvent & { type: 'message' };
}

/** From a bot to the platform. */
export type FromBot =
  | { type: 'ready' }
  | { type: 'acknowledged'; messageId: string }
  | { type: 'posted'; messageId: string; idempotencyKey: string; text: string };
