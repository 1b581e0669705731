import type { VisionLanguageModel } from '../backend/vision-language-model.js';
import type { GenerationOptions } from '../generation/generation-options.js';
import { MediaProcess } from '../media/media-process.js';
import type { Plugin } from '../plugin/define-plugin.js';
import type { Store } from '../store/store.js';
import type { Logger, LogOptions } from '../telemetry/log.js';
import { createChatPlatform } from './chat-platform.js';
import type { ChatService } from './chat-service.js';
import { createBot } from './create-bot.js';
import type { PictureNormaliser } from './new-pictures.js';

/** Options of {@link createChatService}. */
export interface ChatServiceOptions {
  /** Answers. The service does not close it. */
  model: VisionLanguageModel;
  /** Keeps everything. The service does not close it. */
  store: Store;
  /** In the order in which they see messages. Default none. */
  plugins?: readonly Plugin[];
  /** Checks pictures. Default: a media process of its own, which `close` ends. */
  media?: PictureNormaliser;
  /** Of new conversations. Default none. */
  systemMessage?: string;
  /** How answers are generated. Default: as the model says. */
  generation?: GenerationOptions;
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
  /** Default: nothing is written. */
  log?: Logger | LogOptions;
}

/** Whose conversations they are: the store keeps them for nobody else. */
const tenant = 'local';
/** The model puts in a row what it cannot do side by side. */
const sideBySide = 16;
const maxWaiting = 1000;

/**
 * A chat of our own with a bot of its own: for a program whose people are its own, without limits to
 * how much they ask. A page that others reach, or a bot on several platforms, is composed of
 * `createBot` and `createChatPlatform`.
 */
export async function createChatService(options: ChatServiceOptions): Promise<ChatService> {
  const { model, store, media: given, systemMessage, log = { level: 'silent' } } = options;
  const { maxPictureBytes, maxPictures, maxPages, maxVideoFrames, maxTextLength } = options;
  const { plugins, generation } = options;
  const media = given ?? new MediaProcess();
  const bounds = {
    ...(maxPictureBytes !== undefined && { maxPictureBytes }),
    ...(maxPictures !== undefined && { maxPictures }),
    ...(maxPages !== undefined && { maxPages }),
    ...(maxVideoFrames !== undefined && { maxVideoFrames }),
    ...(maxTextLength !== undefined && { maxTextLength }),
  };
  const close = async () => {
    await bot.stop();
    if (media instanceof MediaProcess && given === undefined) await media.close();
  };
  const platform = createChatPlatform(
    {
      model: model.info,
      store: store.forTenant(tenant),
      media,
      tenant,
      ...(systemMessage !== undefined && { systemMessage }),
      ...bounds,
    },
    close,
  );
  const bot = createBot({
    model,
    store,
    adapters: [platform.adapter],
    media: platform.media,
    log,
    // Who writes is who asks.
    dataRule: null,
    ...(plugins !== undefined && { plugins }),
    ...(generation !== undefined && { generation }),
    limits: {
      ...bounds,
      maxConcurrentAnswers: sideBySide,
      maxConcurrentPerPerson: sideBySide,
      maxOpenPerPerson: maxWaiting,
      perPerson: null,
      perTenant: null,
    },
  });
  await bot.start();
  return platform.service;
}
