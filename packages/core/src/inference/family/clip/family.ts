import { centreCropImages } from '../centre-crop.js';
import type { EmbeddingFamily } from '../model-family.js';
import type { ClipConfig } from './read-config.js';

/** CLIP: one vector for the centre of a picture, one for a text, close where they belong together. */
export const clip: EmbeddingFamily<ClipConfig> = {
  modelTypes: ['clip'],
  read: async (files) => (await import('./read-config.js')).readClip(files),
  open: ({ maxTextTokens, image }) => ({ maxTextTokens, images: centreCropImages(image, 0) }),
};
