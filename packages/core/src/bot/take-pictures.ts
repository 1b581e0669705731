import type { Adapter } from '../adapter/adapter.js';
import type { Attachment, MessageEvent } from '../adapter/platform-event.js';
import { VistazoError } from '../errors.js';
import type { TurnTelemetry } from '../telemetry/turn-telemetry.js';
import { fetchAttachment } from './fetch-attachment.js';
import {
  type CheckedFile,
  type CheckedPicture,
  checkFile,
  type MessageLimits,
  type PictureNormaliser,
  tooManyPictures,
} from './new-pictures.js';
import { isForPerson } from './sentences.js';

/** What {@link takePictures} needs. @internal */
export interface TakePicturesOptions {
  adapter: Adapter;
  media: PictureNormaliser;
  limits: MessageLimits;
  /** The bytes of a file that were fetched before. */
  fetched: (url: string) => Promise<Uint8Array | undefined>;
  /** Whether the model takes any. */
  images: boolean;
  telemetry: TurnTelemetry;
  signal: AbortSignal;
}

/** What came of the files of a message. @internal */
export interface TakenPictures {
  pictures: CheckedPicture[];
  /** A sentence for each file that cannot be used, or of which only a part is looked at. */
  notes: string[];
  /** The files that cannot be used. */
  unread: Attachment[];
}

/** The pictures of a message that can be used, and what is to be said of its files. @internal */
export async function takePictures(
  event: MessageEvent,
  options: TakePicturesOptions,
): Promise<TakenPictures> {
  const { limits, telemetry, signal } = options;
  const pictures: CheckedPicture[] = [];
  const notes: string[] = [];
  const unread: Attachment[] = [];
  for (const [index, attachment] of event.attachments.entries()) {
    const name = attachment.name ?? `File ${index + 1}`;
    try {
      const left = limits.maxPictures - pictures.length;
      if (left === 0) throw tooManyPictures(limits.maxPictures);
      const file = await takeFile(attachment, event, {
        ...options,
        limits: { ...limits, maxPictures: left },
      });
      pictures.push(...file.pictures);
      if (file.note !== undefined) notes.push(`${name}: ${file.note}.`);
      telemetry.pictureTaken();
    } catch (error) {
      signal.throwIfAborted();
      if (!isForPerson(error)) throw error;
      telemetry.pictureRefused(error);
      notes.push(`${name}: ${error.message}`);
      unread.push({ ...attachment, name });
    }
  }
  return { pictures, notes, unread };
}

async function takeFile(
  { url, name, author: poster, source }: Attachment,
  { author, postedAtMs }: MessageEvent,
  { adapter, media, limits, images, fetched, signal }: TakePicturesOptions,
): Promise<CheckedFile> {
  if (!images)
    throw new VistazoError('option.unsupported', 'The model that answers takes no pictures.');
  const bytes =
    (await fetched(url)) ??
    (await fetchAttachment(adapter, url, { maxBytes: limits.maxPictureBytes, signal }));
  const file = {
    bytes,
    // What only the adapter understands says nothing to anybody later.
    ...(/^https?:/.test(url) && { url }),
    ...(name !== undefined && { name }),
  };
  const message = {
    author: (poster ?? author).name,
    ...(poster !== undefined && { authorId: poster.id }),
    ...(source !== undefined && { source }),
    origin: adapter.name,
    postedAtMs,
  };
  return checkFile(media, file, message, limits, signal);
}
