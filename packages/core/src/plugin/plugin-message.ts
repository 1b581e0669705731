import type { AdapterCapabilities } from '../adapter/adapter.js';
import type { CommandCall, MessageEvent } from '../adapter/platform-event.js';
import type { ImageId } from '../conversation/chat-message.js';
import type { PixelRectangle } from '../media/redact.js';
import type { PluginStorage } from '../store/plugin-storage.js';
import type { Generate } from './generate.js';
import type { RedactedPicture } from './redacted-picture.js';
import type { Aside } from './run-middleware.js';

/** A picture of a message, checked and without metadata. */
export interface MessagePicture {
  readonly id: ImageId;
  readonly widthPx: number;
  readonly heightPx: number;
  /** File name it was posted with, if any. */
  readonly name?: string;
  /** As a PNG, or as a WebP when it moves. */
  bytes(): Promise<Uint8Array>;
  /**
   * 64 bits as 16 hexadecimal digits, which differ in few bits where pictures look alike: pHash, made in the
   * media process. Undefined where the bot's own `media` makes none. Throws the `picture.*` codes.
   */
  perceptualHash(): Promise<string | undefined>;
  /**
   * A copy to be announced, each rectangle filled with one grey so that nothing is left of what was there, made in the
   * media process; of an animation its first frame. Throws the `picture.*` codes, `option.invalid` for a rectangle that
   * covers nothing of the picture, and `option.unsupported` where the bot's own `media` makes none and in isolated plugins.
   */
  redacted(rectangles: readonly PixelRectangle[]): Promise<RedactedPicture>;
}

/** A picture of the conversation, as people speak of it. */
export interface ConversationPicture extends MessagePicture {
  /**
   * 1 for the first one of the conversation, in the order in which they were posted; one that is brought
   * again has the number that it had. Models are told the same.
   */
  readonly number: number;
  /** Name of who posted it. */
  readonly author: string;
  /** Whether it came with the message itself. */
  readonly isOfMessage: boolean;
}

/** What every plugin knows of a message. */
export interface MessageFacts {
  readonly tenant: string;
  readonly adapter: string;
  readonly capabilities: AdapterCapabilities;
  readonly conversationKey: string;
  readonly messageId: string;
  readonly author: MessageEvent['author'];
  /** What the person wrote, as platforms gave it. */
  readonly text: string;
  /** How many files came with it. */
  readonly attachments: number;
  /** Those of them that can be looked at, in order. */
  readonly pictures: readonly MessagePicture[];
  /** Those of the conversation up to the message, its own included, in order. */
  readonly conversationPictures: readonly ConversationPicture[];
  /**
   * A picture of any message of the tenant that is kept, by its id; undefined where it is gone, as when its message was
   * deleted or forgotten. Throws `option.unsupported` in isolated plugins.
   */
  keptPicture(id: string): Promise<MessagePicture | undefined>;
  /** The command that it calls, if it calls one. */
  readonly command?: CommandCall;
  /** Aborted when the message is changed or deleted, or the bot stops. */
  readonly signal: AbortSignal;
}

/** A message as the bot gives it to its plugins. @internal */
export interface SharedMessage {
  facts: MessageFacts;
  /** Asks the model about the message, without counting the time as the plugin's. */
  generator(aside: Aside): Generate;
}

/** A message as it is for one plugin. */
export interface PluginMessage<Config = unknown> extends MessageFacts {
  /** Of the message's tenant, where it has one of its own. */
  readonly config: Config;
  readonly generate: Generate;
  /** The plugin's values in the message's tenant. */
  readonly storage: PluginStorage;
}
