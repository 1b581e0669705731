import { VistazoError } from '../errors.js';
import type { PictureLimits } from './picture-limits.js';

/** Throws `picture.tooLarge`. @internal */
export function checkBytes({ length }: Uint8Array, { maxBytes }: PictureLimits): void {
  if (length <= maxBytes) return;
  throw new VistazoError(
    'picture.tooLarge',
    `The picture has ${megabytes(length)} MB; at most ${megabytes(maxBytes)} MB are accepted. Make it smaller.`,
  );
}

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
