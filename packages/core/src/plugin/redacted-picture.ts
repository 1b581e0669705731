import type { PictureRecord } from '../store/conversation-store.js';

/** A copy of a picture that the media process made for a plugin to announce. */
export interface RedactedPicture {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** What was made here: a plugin cannot make one of bytes of its own. */
const made = new WeakMap<RedactedPicture, PictureRecord>();

/** Hands what the media process made to a plugin. @internal */
export function redactedPicture(picture: PictureRecord): RedactedPicture {
  const { widthPx, heightPx } = picture;
  const handed = Object.freeze({ widthPx, heightPx });
  made.set(handed, picture);
  return handed;
}

/** Undefined for what {@link redactedPicture} did not make. @internal */
export function recordBehind(handed: RedactedPicture): PictureRecord | undefined {
  return made.get(handed);
}
