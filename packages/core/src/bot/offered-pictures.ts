import { z } from 'zod';
import type { AdapterCapabilities, PostedPictureLimits } from '../adapter/adapter.js';
import { VistazoError } from '../errors.js';
import type { AnnouncedPicture } from '../plugin/plugin.js';
import { recordBehind } from '../plugin/redacted-picture.js';
import type { PictureRecord } from '../store/conversation-store.js';
import type { PictureToPost } from '../store/job-store.js';

/** What a platform makes of pictures. @internal */
export interface OfferedPictures {
  /** Those that it shows. */
  pictures: readonly (PictureToPost & PictureRecord)[];
  /** A sentence about the others. */
  lines: readonly string[];
}

const maxPictures = 10;

const aboutSchema = z.object({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/,
      'has other characters than letters, digits and . _ -',
    ),
  description: z.string().trim().min(1).max(1000),
});

/**
 * Parts the pictures of an announcement by what a platform can show. Throws `option.invalid` for what the media process
 * did not make for a plugin, and for names and descriptions that are none. @internal
 */
export function offeredPictures(
  { postedPictures }: AdapterCapabilities,
  given: readonly AnnouncedPicture[] = [],
): OfferedPictures {
  if (given.length > maxPictures)
    throw invalid(`there are ${given.length}, and at most ${maxPictures} are allowed`);
  const all = given.map(checked);
  if (postedPictures === undefined)
    return { pictures: [], lines: linesFor(all.length, all.length) };
  const pictures = thoseWithin(postedPictures, all);
  return { pictures, lines: linesFor(all.length - pictures.length, all.length) };
}

function thoseWithin<Picture extends Pick<PictureRecord, 'bytes'>>(
  { maxPerPost, maxBytes, maxTotalBytes = Number.POSITIVE_INFINITY }: PostedPictureLimits,
  all: readonly Picture[],
): Picture[] {
  const within: Picture[] = [];
  let total = 0;
  for (const picture of all) {
    const { byteLength } = picture.bytes;
    if (within.length === maxPerPost || byteLength > maxBytes || total + byteLength > maxTotalBytes)
      continue;
    within.push(picture);
    total += byteLength;
  }
  return within;
}

function checked(
  { picture, name, description }: AnnouncedPicture,
  index: number,
): PictureToPost & PictureRecord {
  const record = recordBehind(picture);
  if (record === undefined)
    throw invalid('one is not what `redacted` of a picture gave, which alone can be posted');
  const about = aboutSchema.safeParse({ name: name ?? `picture-${index + 1}.png`, description });
  if (about.success) return { ...record, ...about.data };
  const [issue] = about.error.issues;
  throw invalid(`the ${issue?.path.join('.')} of one: ${issue?.message}`);
}

function linesFor(leftOut: number, all: number): string[] {
  if (leftOut === 0) return [];
  if (all === 1) return ['The picture cannot be shown here.'];
  return [
    leftOut === 1
      ? `One of the ${all} pictures cannot be shown here.`
      : `${leftOut} of the ${all} pictures cannot be shown here.`,
  ];
}

function invalid(fault: string): VistazoError {
  return new VistazoError(
    'option.invalid',
    `The pictures of an announcement are not valid: ${fault}.`,
  );
}
