import { BoundedMap } from '@vistazo/core/adapter-kit';
import type { Interaction } from './interaction.js';

/** How what a command asked is answered: with the token of its interaction, as long as that is good. */
export interface InteractionRoute {
  applicationId: string;
  token: string;
  isPrivate: boolean;
  /** Whether the interaction was acknowledged, once that is known; then its first message is there to be filled. */
  acknowledged: Promise<boolean>;
  /** Whether its first message says something. */
  isFilled: boolean;
  expiresAtMs: number;
}

/** Tokens are good for 15 minutes; what is sent in the last of them may come too late. */
const tokenLifeMs = 14 * 60_000;
/** More commands than are answered within that time. */
const maxRoutes = 10_000;

/** The routes of commands of this process. What it knew of older ones is lost with it, tokens are not stored. */
export class InteractionRoutes {
  readonly #routes = new BoundedMap<string, InteractionRoute>(maxRoutes);

  open(
    messageId: string,
    { application_id: applicationId, token }: Interaction,
    about: Pick<InteractionRoute, 'isPrivate' | 'acknowledged'>,
  ): void {
    this.#routes.set(messageId, {
      applicationId,
      token,
      ...about,
      isFilled: false,
      expiresAtMs: Date.now() + tokenLifeMs,
    });
  }

  /** Undefined where the message was no command, or its token is not good any more. */
  of(messageId: string): InteractionRoute | undefined {
    const route = this.#routes.get(messageId);
    if (route === undefined || Date.now() < route.expiresAtMs) return route;
    this.close(messageId);
    return undefined;
  }

  close(messageId: string): void {
    this.#routes.delete(messageId);
  }
}

/** What core knows a command by. The id tells, also after a restart, whether others may see the answer. */
export function answeredIdOf(interactionId: string, isPrivate: boolean): string {
  return `${isPrivate ? 'private' : 'command'}:${interactionId}`;
}

/** Whether what was asked must not be answered where others see it. */
export function isPrivateId(messageId: string): boolean {
  return messageId.startsWith('private:');
}
