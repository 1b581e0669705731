import type { ModelFamily } from '../model-family.js';
import type { TextConfig } from './read-config.js';

/** Language models without eyes that are built like Llama: Llama, Mistral, Qwen2, SmolLM2. */
export const text: ModelFamily<TextConfig> = {
  modelTypes: ['llama', 'mistral', 'qwen2'],
  read: async (files) => (await import('./read-config.js')).readText(files),
  open: () => ({
    images: undefined,
    graphs: ['decoder'],
    // Some generation configs name the end of the text alone, and templates the end of the turn.
    stopTokens: ['<|im_end|>', '<|eot_id|>'],
  }),
};
