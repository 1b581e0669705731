import type { z } from 'zod';
import type { ImageId } from '../conversation/chat-message.js';
import type { GenerationOptions } from '../generation/generation-options.js';

/** How a plugin asks the model about a message. */
export interface GenerateOptions
  extends Omit<GenerationOptions, 'jsonSchema' | 'stopStrings' | 'tools'> {
  /** What is asked about the message and its pictures. Default: what the person wrote. */
  prompt?: string;
  /** Which pictures of the conversation it is about. Default: those of the message. */
  pictures?: readonly ImageId[];
  /** The system message. Default none: the bot's own persona is for people. */
  instructions?: string;
  /** Whether the model sees what was said before in the conversation. Default false. */
  history?: boolean;
  /**
   * Told how sure the model was of the tokens that it wrote, once the answer is whole: the geometric mean
   * of their probabilities, 0 to 1. Not called where that is not known, as of models on servers.
   */
  onConfidence?: (confidence: number) => void;
}

/**
 * Asks the model about a message. With a zod schema it gives a value of it: the local engine lets the
 * model write nothing else. The time it takes is not counted as the plugin's. Throws what the model
 * throws, `option.invalid` for a picture that the conversation has not, `answer.invalid` when a server gave no such value, and `generation.aborted`.
 */
export interface Generate {
  <Schema extends z.ZodType>(
    options: GenerateOptions & { schema: Schema },
  ): Promise<z.output<Schema>>;
  (options: GenerateOptions & { schema?: undefined }): Promise<string>;
}
