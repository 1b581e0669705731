import sharp, { type Metadata, type Sharp } from 'sharp';
import { VistazoError } from '../errors.js';
import type { RgbImage } from '../image/resample.js';
import { asStillAvif, isPremultiplied } from './avif.js';
import { checkBytes } from './check-bytes.js';
import { cmykToRgb } from './cmyk.js';
import { countFrames } from './count-frames.js';
import { multipliedOnWhite, onWhite } from './on-white.js';
import type { PictureLimits } from './picture-limits.js';
import { type MediaType, sniff } from './sniff.js';

// One picture at a time in a process of its own: nothing is gained by keeping anything.
sharp.cache(false);

/** What a picture is, known before it is decoded. */
export interface PictureInfo {
  mediaType: MediaType;
  /** Size as people see it, after EXIF orientation. */
  widthPx: number;
  heightPx: number;
  /** 1 for a still picture. */
  frames: number;
}

/** One frame as a file of its own, opaque and without metadata. */
export interface EncodedPicture {
  mediaType: 'image/png' | 'image/jpeg';
  bytes: Uint8Array;
  widthPx: number;
  heightPx: number;
}

/** A picture encoded again without metadata. */
export interface NormalisedPicture extends PictureInfo {
  bytes: Uint8Array;
}

/**
 * Checks a picture against the limits without decoding it.
 * Throws `picture.empty`, `picture.notAnImage`, `picture.tooLarge`, `picture.tooManyFrames` or `picture.corrupt`.
 */
export async function inspectPicture(
  bytes: Uint8Array,
  limits: PictureLimits,
): Promise<PictureInfo> {
  checkBytes(bytes, limits);
  const mediaType = sniff(bytes);
  checkFrames(countFrames(bytes, mediaType, limits.maxFileFrames), limits);
  const metadata = await open(bytes, { mediaType }).metadata().catch(corrupt);
  const frames = framesOf(metadata, mediaType);
  checkFrames(frames, limits);
  const { widthPx, heightPx } = checkPixels(metadata, limits);
  return { mediaType, frames, widthPx, heightPx };
}

/** In a damaged file the decoder may find other frames than a first look at its structure. */
function framesOf({ pages = 1 }: Metadata, mediaType: MediaType): number {
  // The decoder counts the tiles of an AVIF, and its thumbnails, as pages.
  return mediaType === 'image/avif' ? 1 : pages;
}

function checkFrames(frames: number, { maxFileFrames }: PictureLimits): void {
  if (frames <= maxFileFrames) return;
  throw new VistazoError(
    'picture.tooManyFrames',
    `The animation has more than ${maxFileFrames.toLocaleString('en')} frames; send a shorter one.`,
  );
}

function checkPixels({ width, height, orientation = 1 }: Metadata, { maxPixels }: PictureLimits) {
  if (width * height > maxPixels) {
    throw new VistazoError(
      'picture.tooLarge',
      `The picture is ${width} × ${height}, ${Math.round((width * height) / 1e6)} megapixels; at most ${Math.round(maxPixels / 1e6)} are accepted. Make it smaller.`,
    );
  }
  const turned = orientation >= 5;
  return { widthPx: turned ? height : width, heightPx: turned ? width : height };
}

/** One frame of a picture; of an AVIF the one that stands for the whole. */
function open(bytes: Uint8Array, { mediaType }: Pick<PictureInfo, 'mediaType'>, page = 0): Sharp {
  // The reference ignores colour profiles, so the same pixels come out only without them.
  const options = { failOn: 'error', limitInputPixels: false, ignoreIcc: true } as const;
  return mediaType === 'image/avif'
    ? sharp(asStillAvif(bytes), options)
    : sharp(bytes, { ...options, page, pages: 1 });
}

function corrupt(cause: unknown): never {
  throw new VistazoError(
    'picture.corrupt',
    'The picture is cut off or damaged and cannot be read; send it again.',
    { cause },
  );
}

/**
 * Up to `maxFrames` frames, evenly spread over an animation, as opaque RGB: EXIF orientation is
 * applied, and transparency is laid on white as `convert_to_rgb` of Python transformers does.
 */
export async function decodeFrames(
  bytes: Uint8Array,
  info: PictureInfo,
  maxFrames: number,
): Promise<RgbImage[]> {
  if (await isCmyk(bytes, info)) return [await decodeCmyk(bytes, info)];
  const frames: RgbImage[] = [];
  for (const page of spread(info.frames, maxFrames))
    frames.push(await decodeFrame(bytes, info, page));
  return frames;
}

async function isCmyk(bytes: Uint8Array, picture: PictureInfo): Promise<boolean> {
  if (picture.mediaType !== 'image/jpeg') return false;
  const { space } = await open(bytes, picture).metadata().catch(corrupt);
  return space === 'cmyk';
}

/** libvips would use a profile of its own to make RGB of it, which the reference does not. */
async function decodeCmyk(bytes: Uint8Array, picture: PictureInfo): Promise<RgbImage> {
  const { data, info } = await open(bytes, picture)
    .autoOrient()
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch(corrupt);
  if (info.channels !== 4) corrupt(new Error(`${info.channels} channels`));
  return { widthPx: info.width, heightPx: info.height, data: cmykToRgb(data) };
}

/** Indexes of up to `count` frames out of `total`, from the first to the last. */
function spread(total: number, count: number): number[] {
  if (total <= count) return Array.from({ length: total }, (_, index) => index);
  if (count === 1) return [0];
  return Array.from({ length: count }, (_, index) =>
    Math.round((index * (total - 1)) / (count - 1)),
  );
}

async function decodeFrame(
  bytes: Uint8Array,
  picture: PictureInfo,
  page: number,
): Promise<RgbImage> {
  const { data, info } = await open(bytes, picture, page)
    .autoOrient()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(corrupt);
  const { width: widthPx, height: heightPx } = info;
  if (info.channels === 4) {
    const lay = isMultiplied(bytes, picture) ? multipliedOnWhite : onWhite;
    return { widthPx, heightPx, data: lay(data) };
  }
  if (info.channels !== 3) corrupt(new Error(`${info.channels} channels`));
  return { widthPx, heightPx, data };
}

function isMultiplied(bytes: Uint8Array, { mediaType }: PictureInfo): boolean {
  return mediaType === 'image/avif' && isPremultiplied(bytes);
}

/** A PNG larger than this is sent as a JPEG instead. */
const largePngBytes = 2 * 2 ** 20;

/**
 * Up to `maxFrames` frames as files for a model elsewhere: made smaller where a side is longer than
 * `longestEdgePx`; PNG, or JPEG of quality 92 with whole chroma where that would be large.
 */
export async function encodeFrames(
  bytes: Uint8Array,
  info: PictureInfo,
  { maxFrames, longestEdgePx }: { maxFrames: number; longestEdgePx: number },
): Promise<EncodedPicture[]> {
  const frames = await decodeFrames(bytes, info, maxFrames);
  return Promise.all(frames.map((frame) => encodeFrame(frame, longestEdgePx)));
}

async function encodeFrame(frame: RgbImage, longestEdgePx: number): Promise<EncodedPicture> {
  const { data, info } = await fromRgb(frame)
    .resize(longestEdgePx, longestEdgePx, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const [widthPx, heightPx] = [info.width, info.height];
  const sized = () => fromRgb({ data, widthPx, heightPx });
  const png = await sized().png().toBuffer();
  if (png.length <= largePngBytes) return { mediaType: 'image/png', bytes: png, widthPx, heightPx };
  const jpeg = await sized().jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toBuffer();
  return { mediaType: 'image/jpeg', bytes: jpeg, widthPx, heightPx };
}

/**
 * The picture encoded again without loss and without metadata: PNG, or WebP when it moves.
 * Orientation is applied, so the pixels are those that people see.
 */
export async function normalisePicture(
  bytes: Uint8Array,
  info: PictureInfo,
): Promise<NormalisedPicture> {
  if (info.frames > 1) return normaliseMoving(bytes, info);
  const encoded = await (await storedStill(bytes, info))
    .png({ compressionLevel: 2 })
    .toBuffer()
    .catch(corrupt);
  return { ...info, mediaType: 'image/png', bytes: encoded };
}

/** Its transparency is kept, where a PNG can say it. */
async function storedStill(bytes: Uint8Array, info: PictureInfo): Promise<Sharp> {
  if (await isCmyk(bytes, info)) return fromRgb(await decodeCmyk(bytes, info));
  if (isMultiplied(bytes, info)) return fromRgb(await decodeFrame(bytes, info, 0));
  return open(bytes, info).autoOrient().toColourspace('srgb');
}

/** Opaque RGBA pixels as a PNG. @internal */
export async function encodePixels({
  widthPx,
  heightPx,
  data,
}: {
  widthPx: number;
  heightPx: number;
  data: Uint8Array;
}): Promise<NormalisedPicture> {
  const bytes = await sharp(data, { raw: { width: widthPx, height: heightPx, channels: 4 } })
    .removeAlpha()
    .png({ compressionLevel: 2 })
    .toBuffer();
  return { mediaType: 'image/png', widthPx, heightPx, frames: 1, bytes };
}

function fromRgb({ data, widthPx, heightPx }: RgbImage): Sharp {
  return sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } });
}

async function normaliseMoving(bytes: Uint8Array, info: PictureInfo): Promise<NormalisedPicture> {
  const moving = sharp(bytes, {
    animated: true,
    failOn: 'error',
    limitInputPixels: false,
    ignoreIcc: true,
  });
  const { orientation = 1 } = await moving.metadata().catch(corrupt);
  // libvips cannot turn several frames at once: the turn stays written in the file, and nothing else.
  const written =
    orientation === 1 ? moving : moving.withMetadata({ orientation }).withExif({ IFD0: {} });
  const encoded = await written.webp({ lossless: true, effort: 0 }).toBuffer().catch(corrupt);
  // The encoder makes one frame of equal ones that follow each other.
  const frames = countFrames(encoded, 'image/webp', info.frames);
  return { ...info, frames, mediaType: 'image/webp', bytes: encoded };
}
