import type { Adapter } from '../adapter/adapter.js';
import type { ModelInfo } from '../backend/vision-language-model.js';
import { VistazoError } from '../errors.js';
import type { ConversationStore } from '../store/conversation-store.js';
import { cacheScopeOf } from './cache-scope.js';
import { CachedNormaliser, normaliserIn } from './cached-normaliser.js';
import { ChatAdapter } from './chat-adapter.js';
import { keepAnnouncement } from './chat-announcements.js';
import type { ChatService } from './chat-service.js';
import type { PictureNormaliser } from './new-pictures.js';
import { StoredChatService } from './stored-chat-service.js';

/** Options of {@link createChatPlatform}. */
export interface ChatPlatformOptions {
  /** Which model answers: that of the bot. */
  model: ModelInfo;
  /** The conversations of `tenant` in the store that the bot has. */
  store: ConversationStore;
  /** Checks pictures before a message is taken. */
  media: PictureNormaliser;
  /** Name of the adapter. Default `chat`. */
  name?: string;
  /** Default `local`. */
  tenant?: string;
  /** Of new conversations. Default none. */
  systemMessage?: string;
  /** Most bytes of a picture, document or video as it comes in. Default 25 MiB. */
  maxPictureBytes?: number;
  /** Most pictures of one message, each page of a document and each frame of a video counted. Default 10. */
  maxPictures?: number;
  /** Most pages of a document that are looked at, from its first. Default 8. */
  maxPages?: number;
  /** Most frames of a video that are looked at, evenly spread from the first to the last. Default 8. */
  maxVideoFrames?: number;
  /** Most characters (UTF-16 units) of one message. Default 100,000. */
  maxTextLength?: number;
}

/** A platform of our own, such as a chat page. */
export interface ChatPlatform {
  /** For the bot. */
  adapter: Adapter;
  /** For who shows the conversations to people. */
  service: ChatService;
  /** For the bot: what the service checked is not checked again. */
  media: PictureNormaliser;
}

/**
 * Conversations that people have with a bot in a page or program of our own: the bot has the adapter,
 * and answers questions there as on any platform.
 */
export function createChatPlatform(
  options: ChatPlatformOptions,
  /** After the answers of a service that is closed were stopped. @internal */
  onClose: () => Promise<void> = async () => {},
): ChatPlatform {
  const { name = 'chat', tenant = 'local', store } = options;
  const adapter = new ChatAdapter(name, async (post) => {
    if (post.tenant !== tenant) {
      const message = `The chat has the tenant ${tenant}, and no ${JSON.stringify(post.tenant)}.`;
      throw new VistazoError('platform.gone', message);
    }
    await keepAnnouncement(store, name, post);
  });
  const media = new CachedNormaliser(options.media);
  const ownMedia = normaliserIn(media, cacheScopeOf({ adapter: name, tenant }));
  const service = new StoredChatService(adapter, { ...options, tenant, media: ownMedia }, onClose);
  return { adapter, media, service };
}
