import { BoundedMap, type Language, Lifetime, languageOf } from '@vistazo/core/adapter-kit';
import { type Interaction, isGuestAt } from './interaction.js';

/** How what a command asked is answered: with the token of its interaction, as long as that is good. */
export interface InteractionRoute {
  applicationId: string;
  token: string;
  isPrivate: boolean;
  /** Of who asked. */
  language: Language;
  /** Whether a server has the bot where it is answered, whose language counts then. */
  isInServer: boolean;
  /** Whether the interaction was acknowledged, once that is known; then its first message is there to be filled. */
  acknowledged: Promise<boolean>;
  /** Whether its first message says something, or is about to. */
  isFilled: boolean;
  /** Of the token. */
  life: Lifetime;
}

/** Tokens are good for 15 minutes; what is sent in the last of them may come too late. */
const tokenLifeMs = 14 * 60_000;
/** More commands than are answered within that time. */
const maxRoutes = 10_000;

/** The routes of commands of this process. What it knew of older ones is lost with it, tokens are not stored. */
export class InteractionRoutes {
  readonly #routes = new BoundedMap<string, InteractionRoute>(maxRoutes);
  readonly #waiting = new Map<string, NodeJS.Timeout>();

  /** `atEnd` is told of each command whose token is about to end before its answer, of which nothing is seen or nothing more can be. */
  constructor(private readonly atEnd: (route: InteractionRoute, messageId: string) => void) {}

  open(
    messageId: string,
    interaction: Interaction,
    about: Pick<InteractionRoute, 'isPrivate' | 'acknowledged'>,
  ): void {
    const { application_id: applicationId, token, locale, guild_id } = interaction;
    const route = {
      applicationId,
      token,
      ...about,
      language: languageOf(locale),
      isInServer: guild_id !== undefined && !isGuestAt(interaction),
      isFilled: false,
      life: new Lifetime(tokenLifeMs),
    };
    this.#routes.set(messageId, route);
    const end = setTimeout(() => {
      this.#waiting.delete(messageId);
      // What has begun elsewhere goes on there.
      if (!route.isFilled || isOnlyByToken(messageId)) this.atEnd(route, messageId);
    }, tokenLifeMs);
    this.#waiting.set(messageId, end.unref());
  }

  /** Undefined where the message was no command, or its token is not good any more. */
  of(messageId: string): InteractionRoute | undefined {
    const route = this.#routes.get(messageId);
    if (route === undefined || !route.life.isOver) return route;
    this.close(messageId);
    return undefined;
  }

  /** It is said already what there is to say. */
  answered(messageId: string): void {
    clearTimeout(this.#waiting.get(messageId));
    this.#waiting.delete(messageId);
  }

  close(messageId: string): void {
    this.answered(messageId);
    this.#routes.delete(messageId);
  }

  /** Waits for the end of no token any more. */
  stop(): void {
    for (const messageId of this.#waiting.keys()) this.answered(messageId);
  }
}

/** What core knows a command by. The id tells, also after a restart, by which ways it may be answered. */
export function answeredIdOf(interaction: Interaction, isPrivate: boolean): string {
  const way = isPrivate ? 'private' : isGuestAt(interaction) ? 'guest' : 'command';
  return `${way}:${interaction.id}`;
}

/** Whether it is answered with the interaction's token or not at all: others see all else, or it is refused. */
export function isOnlyByToken(messageId: string): boolean {
  return /^(private|guest):/.test(messageId);
}
