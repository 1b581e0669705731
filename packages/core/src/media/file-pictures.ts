import type { NormalisedPicture } from './decode.js';

/** Which part of a file a picture shows; `PlaceInFile` of a conversation is the same. */
export type PlaceInFile =
  /** A page of a document; `page` is from 1. */
  | { type: 'page'; page: number; pages: number }
  /** The frame at a time of a video. */
  | { type: 'frame'; atMs: number; durationMs: number };

/** A picture out of a file. */
export interface FilePicture extends NormalisedPicture {
  /** Absent where the file is this one picture. */
  place?: PlaceInFile;
}

/** Most pages of a document that are looked at when nobody says. */
export const defaultMaxPages = 8;
/** Most frames of a video that are looked at when nobody says. */
export const defaultMaxVideoFrames = 8;
