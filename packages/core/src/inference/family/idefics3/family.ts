import type { FamilyModel, ImageFamily, ModelFamily } from '../model-family.js';
import { toPixelValues } from '../pixel-values.js';
import { expandImageTokens, imagePrompt } from './expand-image-tokens.js';
import { layoutOf, processPicture } from './image-processor.js';
import type { Idefics3Config } from './read-config.js';
import { videoParts } from './video-parts.js';

/** Idefics3 and SmolVLM: a grid of square tiles and the whole picture, each with as many tokens. */
export const idefics3: ModelFamily<Idefics3Config> = {
  // SmolVLM differs in videos alone.
  modelTypes: ['idefics3', 'smolvlm'],
  read: async (files) => (await import('./read-config.js')).readIdefics3(files),
  open: (config): FamilyModel => ({
    graphs: ['vision', 'embed', 'decoder'],
    // Published generation configs of the family name the end of the text, their templates the end of the turn.
    stopTokens: ['<end_of_utterance>'],
    addsBeginToken: true,
    images: imagesOf(config),
  }),
};

function imagesOf({ imageTokenId, imageSeqLen, image, timesFrames }: Idefics3Config): ImageFamily {
  const scaling = {
    rescaleFactor: image.rescale_factor,
    mean: image.image_mean,
    std: image.image_std,
  };
  return {
    imageTokenId,
    layout: (size, budget) => layoutOf(size, image, { imageTokens: imageSeqLen, budget }),
    process: (picture, layout) => processPicture(picture, layout, image),
    feeds: ({ widthPx, heightPx }, pixels) => ({
      pixel_values: {
        type: 'float32',
        data: toPixelValues(pixels, scaling),
        shape: [1, 1, 3, heightPx, widthPx],
      },
      pixel_attention_mask: {
        type: 'bool',
        data: new Uint8Array(heightPx * widthPx).fill(1),
        shape: [1, 1, heightPx, widthPx],
      },
    }),
    expand: expandImageTokens,
    imagePrompt,
    // Frames are never cut into tiles.
    ...(timesFrames && { videos: { budget: 'fast', parts: videoParts } }),
  };
}
