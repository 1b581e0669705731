import type { FamilyModel, ImageFamily, ModelFamily } from '../model-family.js';
import { replacePlaceholders } from '../replace-placeholders.js';
import { assembleTokenizer } from './assemble-tokenizer.js';
import { layoutOf, patchesOf, processPicture } from './image-processor.js';
import { positionsOf } from './positions.js';
import type { Qwen2VlConfig } from './read-config.js';

const imageToken = '<|image_pad|>';

/** Qwen2-VL and Qwen2.5-VL: one picture in about its own size, its tokens placed by row and column. */
export const qwen2Vl: ModelFamily<Qwen2VlConfig> = {
  // The two differ in the graph that sees, which takes and gives the same.
  modelTypes: ['qwen2_vl', 'qwen2_5_vl'],
  read: async (files) => (await import('./read-config.js')).readQwen2Vl(files),
  open: (config): FamilyModel => ({
    graphs: ['vision', 'embed', 'decoder'],
    stopTokens: ['<|im_end|>', '<|endoftext|>'],
    images: imagesOf(config),
    assembleTokenizer,
    positions: (inputIds, layouts) => positionsOf(inputIds, layouts, config),
  }),
};

function imagesOf({ imageTokenId, image }: Qwen2VlConfig): ImageFamily {
  const imagePrompt: ImageFamily['imagePrompt'] = ({ tiles }) =>
    imageToken.repeat(tiles[0]?.imageTokens ?? 0);
  return {
    imageTokenId,
    layout: (size, budget) => layoutOf(size, image, budget),
    process: processPicture,
    feeds: (tile, pixels) => {
      const grid = {
        type: 'int64',
        data: BigInt64Array.of(
          1n,
          BigInt(tile.heightPx / image.patchPx),
          BigInt(tile.widthPx / image.patchPx),
        ),
        shape: [1, 3],
      } as const;
      // Published graphs name the grid either way.
      return {
        pixel_values: patchesOf(pixels, tile, image),
        image_grid_thw: grid,
        grid_thw: grid,
      };
    },
    expand: (prompt, layouts) => replacePlaceholders(prompt, imageToken, layouts.map(imagePrompt)),
    imagePrompt,
  };
}
