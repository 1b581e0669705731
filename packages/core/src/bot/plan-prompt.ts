import type { ResolvePicture, VisionLanguageModel } from '../backend/vision-language-model.js';
import { type ContextPlan, planContext } from '../conversation/context-plan.js';
import type { Message } from '../conversation/message.js';
import type { GenerationOptions } from '../generation/generation-options.js';

/** What is kept free for the answer when nobody says, as far as a quarter of the context allows. */
const usualMaxNewTokens = 256;

/** What {@link planPrompt} needs. @internal */
export interface PromptRequest {
  model: VisionLanguageModel;
  systemMessage: string | null;
  /** Oldest first, up to the question. */
  messages: readonly Message[];
  /** Said once, before the first picture that has a number; null for nothing. */
  pictureRule: string | null;
  generation: GenerationOptions;
  signal: AbortSignal;
  /** Reaches the pictures of `messages`. */
  resolvePicture: ResolvePicture;
  /** That of the tenant. */
  cacheScope: string;
}

/** As much of a conversation as the model has room for, beside the answer. Throws `chat.tooLong`. @internal */
export function planPrompt(request: PromptRequest): Promise<ContextPlan> {
  const { model, systemMessage, messages, pictureRule, generation, ...asked } = request;
  const { signal, resolvePicture, cacheScope } = asked;
  const { contextLengthTokens } = model.info.capabilities;
  return planContext({
    systemMessage,
    messages,
    pictureRule,
    maxPromptTokens: contextLengthTokens - answerTokens(generation, contextLengthTokens),
    countTokens: (counted) => model.countTokens(counted, { signal, resolvePicture, cacheScope }),
  });
}

function answerTokens({ maxNewTokens }: GenerationOptions, contextLengthTokens: number): number {
  return maxNewTokens ?? Math.min(usualMaxNewTokens, Math.floor(contextLengthTokens / 4));
}
