import type { DiscordMessage } from './parse-message/discord-message.js';

/** Discord finds previews of links after a message was posted, and tells them as a change of it. */
export class LinkPreviews {
  readonly #waiting = new Map<string, (message: DiscordMessage) => void>();

  constructor(private readonly waitMs: number) {}

  /** The message with its previews, if they come in time. */
  async waitFor(message: DiscordMessage): Promise<DiscordMessage> {
    const hasPictures = message.attachments.length > 0 || message.embeds.length > 0;
    if (this.waitMs === 0 || hasPictures || !/https?:\/\//.test(message.content)) return message;
    const { promise, resolve } = Promise.withResolvers<DiscordMessage>();
    const timer = setTimeout(() => resolve(message), this.waitMs);
    this.#waiting.set(message.id, resolve);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(message.id);
    }
  }

  /** A message was changed by Discord. */
  changed(message: DiscordMessage): void {
    if (message.embeds.length > 0) this.#waiting.get(message.id)?.(message);
  }
}
