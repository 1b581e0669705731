import { type ImageId, imageIdSchema } from '../conversation/chat-message.js';
import type { PicturePart } from '../conversation/message.js';
import { VistazoError } from '../errors.js';
import { aboutPicture } from '../media/about-picture.js';
import type { PictureRecord } from '../store/conversation-store.js';
import type { NewMessage, NewPicture } from './chat-service.js';

/** What the service needs of the media process: a check and a lossless copy without metadata. */
export interface PictureNormaliser {
  normalise(
    bytes: Uint8Array,
    options?: {
      signal?: AbortSignal;
      /** What is kept of the picture is kept for calls of the same scope alone. Default: that of calls that name none. */
      cacheScope?: string;
    },
  ): Promise<{ bytes: Uint8Array; mediaType: string; widthPx: number; heightPx: number }>;
  /** Drops what is kept of calls of a scope. Absent where nothing is kept. */
  forget?(cacheScope: string): Promise<void>;
}

/** Most a message may bring. @internal */
export interface MessageLimits {
  maxPictures: number;
  maxPictureBytes: number;
  maxTextLength: number;
}

/** A picture that was checked, and how it stands in its message. @internal */
export interface CheckedPicture {
  record: PictureRecord;
  part: PicturePart;
}

/** Throws `chat.empty`, `chat.tooLong` or `picture.tooLarge`. @internal */
export function checkMessage(message: NewMessage, limits: MessageLimits): void {
  const pictures = message.pictures ?? [];
  checkText(message.text, pictures.length, limits);
  if (pictures.length > limits.maxPictures) {
    throw new VistazoError(
      'chat.tooLong',
      `The message has ${pictures.length} pictures; at most ${limits.maxPictures} are allowed, so send some of them later.`,
    );
  }
  for (const { bytes } of pictures) checkSize(bytes.byteLength, limits.maxPictureBytes);
}

/** Throws `chat.empty` or `chat.tooLong`. @internal */
export function checkText(text: string, pictures: number, limits: MessageLimits): void {
  if (text.trim() === '' && pictures === 0) {
    throw new VistazoError('chat.empty', 'The message is empty; write something or add a picture.');
  }
  if (text.length > limits.maxTextLength) {
    throw new VistazoError(
      'chat.tooLong',
      `The message has ${text.length} characters; at most ${limits.maxTextLength} are allowed, so shorten it.`,
    );
  }
}

function checkSize(byteLength: number, maxBytes: number): void {
  if (byteLength <= maxBytes) return;
  throw new VistazoError(
    'picture.tooLarge',
    `The picture has ${byteLength} bytes; at most ${maxBytes} are allowed, so send a smaller one.`,
  );
}

/** Pictures, and who brought them from where. @internal */
export interface PicturesFrom extends Pick<NewMessage, 'pictures' | 'author' | 'postedAtMs'> {
  origin: string;
}

/** Checks the pictures of a message one after the other. @internal */
export async function checkPictures(
  media: PictureNormaliser,
  message: PicturesFrom,
  signal: AbortSignal,
): Promise<CheckedPicture[]> {
  const checked: CheckedPicture[] = [];
  const pictures = message.pictures ?? [];
  for (const [index, picture] of pictures.entries()) {
    const place = { index, total: pictures.length, name: picture.name };
    const record = await aboutPicture(place, () => toRecord(media, picture, signal));
    checked.push({ record, part: toPart(record, picture, message) });
  }
  return checked;
}

async function toRecord(
  media: PictureNormaliser,
  picture: NewPicture,
  signal: AbortSignal,
): Promise<PictureRecord> {
  const { bytes, mediaType, widthPx, heightPx } = await media.normalise(picture.bytes, { signal });
  return { id: await imageIdOf(bytes), bytes, mediaType, widthPx, heightPx };
}

function toPart(record: PictureRecord, picture: NewPicture, message: PicturesFrom): PicturePart {
  return {
    type: 'image',
    image: record.id,
    widthPx: record.widthPx,
    heightPx: record.heightPx,
    provenance: {
      author: message.author ?? 'user',
      origin: message.origin,
      postedAtMs: message.postedAtMs ?? Date.now(),
      ...(picture.url !== undefined && { url: picture.url }),
      ...(picture.name !== undefined && { name: picture.name }),
    },
  };
}

/** Hashed beside the event loop: a photograph has tens of megabytes. */
async function imageIdOf(bytes: Uint8Array): Promise<ImageId> {
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
  return imageIdSchema.parse(`sha256:${Buffer.from(digest).toString('hex')}`);
}
