import { Routes } from 'discord.js';
import type { DiscordApi } from '../discord-api.js';
import { say } from '../language.js';
import { messageBody } from '../send-reply/message-body.js';
import { type InteractionRoute, isOnlyByToken } from './interaction-routes.js';

/** Tells who waits for the answer to a command what becomes of it when its token ends. Throws what Discord fails with. */
export async function tellTokenEnds(
  api: DiscordApi,
  { applicationId, token, acknowledged, language, isPrivate, isFilled }: InteractionRoute,
  messageId: string,
): Promise<void> {
  if (!(await acknowledged)) return;
  const content = say(isOnlyByToken(messageId) ? 'tookTooLong' : 'comesLater', language);
  await api.call({
    ...(isFilled
      ? { method: 'Post', route: Routes.webhook(applicationId, token) }
      : { method: 'Patch', route: Routes.webhookMessage(applicationId, token) }),
    body: messageBody({ content, files: [] }, undefined, { isPrivate }),
    auth: false,
  });
}
