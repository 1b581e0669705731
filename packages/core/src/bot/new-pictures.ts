import { type ImageId, imageIdSchema } from '../conversation/chat-message.js';
import type { PicturePart, PictureSource, PlaceInFile } from '../conversation/message.js';
import { clockTime } from '../conversation/place-in-file.js';
import { VistazoError } from '../errors.js';
import { aboutPicture } from '../media/about-picture.js';
import type { PixelRectangle } from '../media/redact.js';
import type { PictureRecord } from '../store/conversation-store.js';
import type { NewMessage, NewPicture } from './chat-service.js';

/** A picture that was checked and encoded anew without metadata. */
export interface CleanPicture {
  bytes: Uint8Array;
  mediaType: string;
  widthPx: number;
  heightPx: number;
  /** 1 for a still picture; absent where that is not known. */
  frames?: number;
  /** Which part of the file it shows; absent where it is the whole. */
  place?: PlaceInFile;
}

/** Options of every call of a {@link PictureNormaliser}. */
export interface NormaliseOptions {
  signal?: AbortSignal;
  /** What is kept of a file is kept for calls of the same scope alone. Default: that of calls that name none. */
  cacheScope?: string;
}

/** What the service needs of the media process: a check and a lossless copy without metadata. */
export interface PictureNormaliser {
  normalise(bytes: Uint8Array, options?: NormaliseOptions): Promise<CleanPicture>;
  /** The pictures in a file of any kind. Absent where it takes pictures only, and no documents and videos. */
  picturesIn?(
    bytes: Uint8Array,
    options: NormaliseOptions & { maxPages: number; maxVideoFrames: number },
  ): Promise<CleanPicture[]>;
  /** See {@link MediaProcess.perceptualHash}. Absent where it makes none. */
  perceptualHash?(bytes: Uint8Array, options?: { signal?: AbortSignal }): Promise<string>;
  /** See {@link MediaProcess.redact}. Absent where it makes none. */
  redact?(
    bytes: Uint8Array,
    options: { rectangles: readonly PixelRectangle[]; signal?: AbortSignal },
  ): Promise<CleanPicture>;
  /** Removes what earlier processes left on the disk. Absent where nothing is. */
  tidy?(): Promise<void>;
  /** Drops what is kept of calls of a scope. Absent where nothing is kept. */
  forget?(cacheScope: string): Promise<void>;
}

/** Most a message may bring. @internal */
export interface MessageLimits {
  maxPictures: number;
  maxPages: number;
  maxVideoFrames: number;
  maxPictureBytes: number;
  maxTextLength: number;
}

/** A picture that was checked, and how it stands in its message. @internal */
export interface CheckedPicture {
  record: PictureRecord;
  part: PicturePart;
}

/** The pictures of a file. @internal */
export interface CheckedFile {
  pictures: CheckedPicture[];
  /** What a person should know of it, such as which of its pages are looked at. */
  note?: string;
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
  /** Of whom they are, where that is not who brings them. */
  authorId?: string;
  /** How they are brought, where they are no files of the message. */
  source?: PictureSource;
}

/** @internal */
export function tooManyPictures(maxPictures: number): VistazoError {
  return new VistazoError(
    'chat.tooLong',
    `At most ${maxPictures} pictures of a message are looked at; send it in another one.`,
  );
}

/** Checks the files of a message one after the other. Throws where one cannot be used. @internal */
export async function checkPictures(
  media: PictureNormaliser,
  message: PicturesFrom,
  limits: MessageLimits,
  signal: AbortSignal,
): Promise<void> {
  const files = message.pictures ?? [];
  let left = limits.maxPictures;
  for (const [index, file] of files.entries()) {
    if (left === 0) throw tooManyPictures(limits.maxPictures);
    const place = { index, total: files.length, name: file.name };
    const { pictures } = await aboutPicture(place, () =>
      checkFile(media, file, message, { ...limits, maxPictures: left }, signal),
    );
    left -= pictures.length;
  }
}

/**
 * The pictures of a file, at most `maxPictures`: of a document or video as many as there is room for.
 * Throws the `picture.*` codes. @internal
 */
export async function checkFile(
  media: PictureNormaliser,
  file: NewPicture,
  message: PicturesFrom,
  limits: MessageLimits,
  signal: AbortSignal,
): Promise<CheckedFile> {
  const clean = await picturesIn(media, file.bytes, limits, signal);
  const pictures: CheckedPicture[] = [];
  for (const picture of clean) {
    const record = await recordOf(picture);
    pictures.push({ record, part: toPart(record, picture.place, file, message) });
  }
  const note = noteOf(clean.flatMap(({ place }) => place ?? []));
  return { pictures, ...(note !== undefined && { note }) };
}

async function picturesIn(
  media: PictureNormaliser,
  bytes: Uint8Array,
  { maxPictures, maxPages, maxVideoFrames }: MessageLimits,
  signal: AbortSignal,
): Promise<CleanPicture[]> {
  if (media.picturesIn === undefined) return [await media.normalise(bytes, { signal })];
  return media.picturesIn(bytes, {
    maxPages: Math.min(maxPages, maxPictures),
    maxVideoFrames: Math.min(maxVideoFrames, maxPictures),
    signal,
  });
}

/** With more than so much between two frames something may happen that none of them shows. */
const wideGapMs = 10_000;

/** What a person should know who sent a document or video of which only a part is looked at. */
function noteOf(places: readonly PlaceInFile[]): string | undefined {
  const [first, last] = [places.at(0), places.at(-1)];
  if (first?.type === 'page' && last?.type === 'page' && places.length < last.pages) {
    const shown =
      first.page === last.page ? `page ${last.page}` : `pages ${first.page} to ${last.page}`;
    return `${shown} of ${last.pages} ${first.page === last.page ? 'is' : 'are'} looked at`;
  }
  if (last?.type === 'frame' && last.durationMs > wideGapMs * places.length) {
    const frames = places.length === 1 ? '1 frame' : `${places.length} frames`;
    return `${frames} of ${clockTime(last.durationMs)} ${places.length === 1 ? 'is' : 'are'} looked at`;
  }
  return undefined;
}

function toPart(
  record: PictureRecord,
  place: PlaceInFile | undefined,
  file: NewPicture,
  message: PicturesFrom,
): PicturePart {
  return {
    type: 'image',
    image: record.id,
    widthPx: record.widthPx,
    heightPx: record.heightPx,
    ...(record.frames !== undefined && { frames: record.frames }),
    provenance: {
      author: message.author ?? 'user',
      ...(message.authorId !== undefined && { authorId: message.authorId }),
      origin: message.origin,
      postedAtMs: message.postedAtMs ?? Date.now(),
      ...(file.url !== undefined && { url: file.url }),
      ...(file.name !== undefined && { name: file.name }),
      ...(place !== undefined && { place }),
      ...(message.source !== undefined && { source: message.source }),
    },
  };
}

/** A picture as it is kept. @internal */
export async function recordOf({
  bytes,
  mediaType,
  widthPx,
  heightPx,
  frames,
}: CleanPicture): Promise<PictureRecord> {
  const known = frames === undefined ? {} : { frames };
  return { id: await imageIdOf(bytes), bytes, mediaType, widthPx, heightPx, ...known };
}

/** Hashed beside the event loop: a photograph has tens of megabytes. */
async function imageIdOf(bytes: Uint8Array): Promise<ImageId> {
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
  return imageIdSchema.parse(`sha256:${Buffer.from(digest).toString('hex')}`);
}
