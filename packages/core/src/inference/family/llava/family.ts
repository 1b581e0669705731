import { centreCropImages } from '../centre-crop.js';
import type { FamilyModel, ImageFamily, ModelFamily } from '../model-family.js';
import { replacePlaceholders } from '../replace-placeholders.js';
import type { LlavaConfig } from './read-config.js';

/** LLaVA-1.5: the centre of each picture, once, with as many tokens as it has patches. */
export const llava: ModelFamily<LlavaConfig> = {
  modelTypes: ['llava'],
  read: async (files) => (await import('./read-config.js')).readLlava(files),
  open: (config): FamilyModel => ({
    graphs: ['vision', 'embed', 'decoder'],
    stopTokens: ['</s>'],
    // The processor lets the tokenizer begin the text.
    addsBeginToken: true,
    // Vicuna's templates begin turns with words, which no special token protects.
    turnMarkers: ['USER:', 'ASSISTANT:'],
    images: imagesOf(config),
  }),
};

/** Source: transformers `models/llava/processing_llava.py`. */
function imagesOf({ imageTokenId, imageToken, imageTokens, image }: LlavaConfig): ImageFamily {
  const imagePrompt = () => imageToken.repeat(imageTokens);
  return {
    ...centreCropImages(image, imageTokens),
    imageTokenId,
    expand: (prompt, layouts) => replacePlaceholders(prompt, imageToken, layouts.map(imagePrompt)),
    imagePrompt,
  };
}
