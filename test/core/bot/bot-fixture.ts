import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import type { ChatEvent, ChatService } from '../../../packages/core/src/bot/chat-service.ts';
import {
  type ChatServiceOptions,
  createChatService,
} from '../../../packages/core/src/bot/create-chat-service.ts';
import type { PictureNormaliser } from '../../../packages/core/src/bot/new-pictures.ts';
import { VistazoError } from '../../../packages/core/src/errors.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import type { Store } from '../../../packages/core/src/store/store.ts';
import { type Script, ScriptedModel } from '../../../packages/core/src/testing/scripted-model.ts';

/** Checks pictures in this process, as the media process does in its own. */
export const sharpMedia: PictureNormaliser = {
  async normalise(bytes) {
    try {
      const { data, info } = await sharp(bytes).png().toBuffer({ resolveWithObject: true });
      return { bytes: data, mediaType: 'image/png', widthPx: info.width, heightPx: info.height };
    } catch (cause) {
      throw new VistazoError('picture.notAnImage', 'That is not a picture.', { cause });
    }
  },
};

/** A small picture of one colour. */
export function pictureOf(red: number, green = 0, blue = 0): Promise<Uint8Array> {
  const create = {
    width: 2,
    height: 3,
    channels: 3,
    background: { r: red, g: green, b: blue },
  } as const;
  return sharp({ create }).png().toBuffer();
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface Bot {
  service: ChatService;
  store: Store;
  model: ScriptedModel;
  path: string;
}

/** A service with a scripted model and a real database, closed after the test. */
export async function makeBot(
  scripts: Script[] = [],
  options: Partial<ChatServiceOptions> & {
    contextLengthTokens?: number;
    images?: boolean;
    path?: string;
  } = {},
): Promise<Bot> {
  const { contextLengthTokens, images, path: given, ...serviceOptions } = options;
  const path = given ?? join(await temporaryFolder(), 'chat.sqlite');
  const store = await openSqliteStore({ path });
  const model = new ScriptedModel(scripts, {
    ...(contextLengthTokens !== undefined && { contextLengthTokens }),
    ...(images !== undefined && { images }),
  });
  const service = await createChatService({ model, store, media: sharpMedia, ...serviceOptions });
  onTestFinished(async () => {
    await service.close();
    await store.close();
  });
  return { service, store, model, path };
}

/** Every event of an answer. */
export async function collect(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** The text of a conversation, one `role: text` a message. */
export async function transcript(
  service: ChatService,
  id: Parameters<ChatService['getConversation']>[0],
): Promise<string[]> {
  const { messages } = await service.getConversation(id);
  return messages.map(({ role, text }) => `${role}: ${text}`);
}
