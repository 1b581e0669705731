import { VistazoError } from '@vistazo/core';
import { Seldom } from '@vistazo/core/adapter-kit';
import type { ChannelPermissions } from './channel-permissions.js';
import { LackingPermissions } from './permission-notices.js';

/** What is done where the bot lacks a permission. */
export class PostingRights {
  /** Channels where an operator knows what is lacking. */
  readonly #seldom = new Seldom(Number.POSITIVE_INFINITY);

  constructor(
    private readonly permissions: ChannelPermissions,
    private readonly notify: (sentence: string) => void,
  ) {}

  /** Throws `platform.gone` where nothing can be posted: a call that is refused counts against the bot. */
  requireToPost(channelId: string): void {
    const lacking = this.permissions.lackingToPost(channelId);
    if (lacking.length === 0) return;
    throw new VistazoError(
      'platform.gone',
      'The bot may not write in the channel; give it the permissions View Channel, Send Messages and, in threads, Send Messages in Threads.',
      { cause: new LackingPermissions(lacking) },
    );
  }

  /** Without it an answer is posted all the same, though not as a reply; the operator is told once. */
  mayReply(channelId: string): boolean {
    if (!this.permissions.lacks(channelId, 'readMessageHistory')) return true;
    if (this.#seldom.isDue(channelId)) {
      this.notify(
        `In the Discord channel ${channelId} the bot's answers are no replies: give it the permission Read Message History there.`,
      );
    }
    return false;
  }
}
