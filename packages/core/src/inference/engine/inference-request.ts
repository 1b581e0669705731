import type { ResolvedGenerationOptions } from '../../generation/resolve-options.js';
import type { ProcessedPicture } from '../family/image-layout.js';
import type { TemplateMessage } from '../tokenize/chat-template.js';

/** A question to the model, its pictures made ready, in the order of their places in the messages. */
export interface InferenceRequest {
  messages: TemplateMessage[];
  pictures: ProcessedPicture[];
  options: ResolvedGenerationOptions;
}
