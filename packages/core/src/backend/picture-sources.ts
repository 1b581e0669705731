import {
  type ChatMessage,
  type ImageId,
  type ImageSource,
  imageIdSchema,
  type Part,
} from '../conversation/chat-message.js';
import { VistazoError } from '../errors.js';
import type { VideoFamily, VideoFrames } from '../inference/family/model-family.js';
import type { TemplateMessage } from '../inference/tokenize/chat-template.js';
import { aboutPicture } from '../media/about-picture.js';
import { fetchPicture } from '../media/fetch-picture.js';
import { defaultPictureLimits } from '../media/picture-limits.js';
import type { ModelCallOptions, PictureRef, ResolvePicture } from './vision-language-model.js';

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

/** A picture of a message, whose bytes are read only when they are needed. */
export interface PictureSource {
  /** Of a picture from the store, where only checked ones are. */
  id: ImageId | undefined;
  /** What is known of it without its bytes. */
  ref: PictureRef | undefined;
  bytes: () => Promise<Uint8Array>;
}

/** A picture where it stands in a message. */
export interface MessagePicture extends PictureSource {
  /** Whether it stands in a video. */
  isFrame: boolean;
}

/**
 * Turns every picture of the messages into what `prepare` makes of it. One source may give several, the
 * frames of an animation, which stand in the message one after the other. `videos` writes those of videos.
 */
export async function preparePictures<T>(
  messages: readonly ChatMessage[],
  prepare: (picture: MessagePicture) => Promise<T[]>,
  call: ModelCallOptions,
  videos?: Pick<VideoFamily, 'parts'>,
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
      const isFrame = part.type === 'video';
      const sources = isFrame ? [part.video].flat() : [part.image];
      /** When the source of each frame is shown. */
      const atMs: (number | undefined)[] = [];
      for (const [index, source] of sources.entries()) {
        const place = { index: sourceIndex++, total };
        const frames = await aboutPicture(place, () =>
          prepare({ ...toPictureSource(source, call), isFrame }),
        );
        pictures.push(...frames);
        atMs.push(...frames.map(() => (isFrame ? part.atMs?.[index] : undefined)));
      }
      const images = atMs.map(() => ({ type: 'image' as const }));
      if (!isFrame || videos === undefined) places.push(...images);
      else places.push(...videos.parts(framesOf(atMs, part.durationMs)));
    }
    prepared.push({ role, content: places });
  }
  return { messages: prepared, pictures };
}

function framesOf(
  times: readonly (number | undefined)[],
  durationMs: number | undefined,
): VideoFrames {
  const atMs = times.filter((time) => time !== undefined);
  return {
    frames: times.length,
    atMs: atMs.length === times.length ? atMs : undefined,
    durationMs,
  };
}

function sourcesOf(content: ChatMessage['content']): ImageSource[] {
  if (typeof content === 'string') return [];
  return content.flatMap((part) =>
    part.type === 'text' ? [] : part.type === 'image' ? [part.image] : part.video,
  );
}

/** Where a picture comes from, and how its bytes are reached. */
export function toPictureSource(
  source: ImageSource,
  { resolvePicture, describePicture, signal }: ModelCallOptions,
): PictureSource {
  const id = imageIdSchema.safeParse(source).data;
  if (id !== undefined) {
    const bytes = () => storedBytes(id, resolvePicture);
    return { id, ref: describePicture?.(id), bytes };
  }
  const bytes = async () =>
    source instanceof Uint8Array ? source : fetchPicture(source, { signal });
  return { id, ref: undefined, bytes };
}

async function storedBytes(
  id: ImageId,
  resolvePicture: ResolvePicture | undefined,
): Promise<Uint8Array> {
  if (resolvePicture !== undefined) return resolvePicture(id);
  throw new VistazoError(
    'picture.missing',
    `The picture ${id} is stored elsewhere; give resolvePicture to reach the store.`,
  );
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
