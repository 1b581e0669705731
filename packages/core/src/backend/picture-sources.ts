import {
  type ChatMessage,
  type ImageSource,
  imageIdSchema,
  type Part,
} from '../conversation/chat-message.js';
import { VistazoError } from '../errors.js';
import type { TemplateMessage } from '../inference/tokenize/chat-template.js';
import { aboutPicture } from '../media/about-picture.js';
import { fetchPicture } from '../media/fetch-picture.js';
import { defaultPictureLimits } from '../media/picture-limits.js';
import type { ModelCallOptions, ResolvePicture } from './vision-language-model.js';

/**
 * A stored picture was checked as it came in; encoded without loss it may have more bytes than then:
 * up to four a pixel, and as many more of memory.
 */
export const storedLimits = {
  maxBytes: 4 * defaultPictureLimits.maxPixels,
  maxMemoryBytes: 4 * defaultPictureLimits.maxPixels + defaultPictureLimits.maxMemoryBytes,
};

/** Messages whose pictures are made ready: one place in the template for each. */
export interface PreparedMessages<T> {
  messages: TemplateMessage[];
  pictures: T[];
}

/**
 * Turns every picture of the messages into what `prepare` makes of its bytes. One source may give
 * several, the frames of an animation, which stand in the message one after the other. `stored` tells
 * whether it comes from the store, where only checked pictures are.
 */
export async function preparePictures<T>(
  messages: readonly ChatMessage[],
  prepare: (bytes: Uint8Array, stored: boolean) => Promise<T[]>,
  { resolvePicture, signal }: ModelCallOptions,
): Promise<PreparedMessages<T>> {
  const pictures: T[] = [];
  const total = messages.flatMap(({ content }) => sourcesOf(content)).length;
  let sourceIndex = 0;
  const prepared: TemplateMessage[] = [];
  for (const { role, content } of messages) {
    const parts: Part[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const places: TemplateMessage['content'] = [];
    for (const part of parts) {
      if (part.type === 'text') {
        places.push(part);
        continue;
      }
      const sources = part.type === 'image' ? [part.image] : [part.video].flat();
      for (const source of sources) {
        const stored = imageIdSchema.safeParse(source).success;
        const place = { index: sourceIndex++, total };
        const frames = await aboutPicture(place, async () =>
          prepare(await bytesOf(source, resolvePicture, signal), stored),
        );
        pictures.push(...frames);
        places.push(...frames.map(() => ({ type: 'image' as const })));
      }
    }
    prepared.push({ role, content: places });
  }
  return { messages: prepared, pictures };
}

function sourcesOf(content: ChatMessage['content']): ImageSource[] {
  if (typeof content === 'string') return [];
  return content.flatMap((part) =>
    part.type === 'text' ? [] : part.type === 'image' ? [part.image] : part.video,
  );
}

async function bytesOf(
  source: ImageSource,
  resolvePicture: ResolvePicture | undefined,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  const id = imageIdSchema.safeParse(source);
  if (id.success) {
    if (resolvePicture !== undefined) return resolvePicture(id.data);
    throw new VistazoError(
      'picture.missing',
      `The picture ${source} is stored elsewhere; give resolvePicture to reach the store.`,
    );
  }
  return fetchPicture(source, { signal });
}

/** Throws `chat.empty` when there is nothing to answer. */
export function requireQuestion({ messages }: PreparedMessages<unknown>): void {
  const said = messages.some(
    ({ role, content }) =>
      role === 'user' && content.some((part) => part.type === 'image' || part.text.trim() !== ''),
  );
  if (!said)
    throw new VistazoError(
      'chat.empty',
      'There is nothing to answer; write a question or add a picture.',
    );
}
