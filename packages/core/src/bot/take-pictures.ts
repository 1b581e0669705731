import type { Adapter } from '../adapter/adapter.js';
import type { Attachment, MessageEvent } from '../adapter/platform-event.js';
import { VistazoError } from '../errors.js';
import type { TurnTelemetry } from '../telemetry/turn-telemetry.js';
import { fetchAttachment } from './fetch-attachment.js';
import {
  type CheckedPicture,
  checkPictures,
  type MessageLimits,
  type PictureNormaliser,
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

/** The pictures of a message that can be used, and a sentence for each file that cannot. @internal */
export async function takePictures(
  event: MessageEvent,
  options: TakePicturesOptions,
): Promise<{ pictures: CheckedPicture[]; notes: string[] }> {
  const { limits, telemetry, signal } = options;
  const pictures: CheckedPicture[] = [];
  const notes: string[] = [];
  for (const [index, attachment] of event.attachments.entries()) {
    try {
      if (pictures.length === limits.maxPictures) throw tooMany(limits.maxPictures);
      pictures.push(...(await takePicture(attachment, event, options)));
      telemetry.pictureTaken();
    } catch (error) {
      signal.throwIfAborted();
      if (!isForPerson(error)) throw error;
      telemetry.pictureRefused(error);
      notes.push(`${attachment.name ?? `File ${index + 1}`}: ${error.message}`);
    }
  }
  return { pictures, notes };
}

async function takePicture(
  { url, name }: Attachment,
  { author, postedAtMs }: MessageEvent,
  { adapter, media, limits, images, fetched, signal }: TakePicturesOptions,
): Promise<CheckedPicture[]> {
  if (!images)
    throw new VistazoError('option.unsupported', 'The model that answers takes no pictures.');
  const bytes =
    (await fetched(url)) ??
    (await fetchAttachment(adapter, url, { maxBytes: limits.maxPictureBytes, signal }));
  const message = {
    author: author.name,
    origin: adapter.name,
    postedAtMs,
    pictures: [
      {
        bytes,
        // What only the adapter understands says nothing to anybody later.
        ...(/^https?:/.test(url) && { url }),
        ...(name !== undefined && { name }),
      },
    ],
  };
  return checkPictures(media, message, signal);
}

function tooMany(maxPictures: number): VistazoError {
  return new VistazoError(
    'chat.tooLong',
    `At most ${maxPictures} pictures of a message are looked at; send it in another one.`,
  );
}
