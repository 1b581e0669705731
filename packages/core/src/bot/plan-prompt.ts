import type {
  DescribePicture,
  PictureRef,
  ResolvePicture,
  VisionLanguageModel,
} from '../backend/vision-language-model.js';
import type { ImageId } from '../conversation/chat-message.js';
import { type ContextPlan, planContext } from '../conversation/context-plan.js';
import { fenceText } from '../conversation/fence.js';
import { type Message, picturesOf } from '../conversation/message.js';
import { VistazoError } from '../errors.js';
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

/**
 * As much of a conversation as the model has room for, beside the answer. Throws `chat.tooLong`, and
 * `option.unsupported` for a question with pictures to a model that takes none. @internal
 */
export async function planPrompt(request: PromptRequest): Promise<ContextPlan> {
  const { model, systemMessage, messages, pictureRule, generation, ...asked } = request;
  const { signal, resolvePicture, cacheScope } = asked;
  const describePicture = pictureRefsOf(messages);
  const { contextLengthTokens, images } = model.info.capabilities;
  return planContext({
    systemMessage,
    messages: images ? messages : withoutPictures(messages, model.info.id),
    pictureRule,
    maxPromptTokens: contextLengthTokens - answerTokens(generation, contextLengthTokens),
    countTokens: (counted) =>
      model.countTokens(counted, { signal, resolvePicture, describePicture, cacheScope }),
  });
}

/** What the store tells of the pictures of messages, so that counting reads no bytes. */
function pictureRefsOf(messages: readonly Message[]): DescribePicture {
  const refs = new Map<ImageId, PictureRef>();
  for (const { image: id, widthPx, heightPx, frames } of messages.flatMap(picturesOf)) {
    // Without a size it is no longer in the store; then the model says that it is missing.
    if (frames !== undefined && widthPx > 0) refs.set(id, { id, widthPx, heightPx, frames });
  }
  return (id) => refs.get(id);
}

/** A conversation goes on in words when the model that saw its pictures gave way to one that takes none. */
function withoutPictures(messages: readonly Message[], modelId: string): Message[] {
  const question = messages.at(-1);
  if (question !== undefined && picturesOf(question).length > 0) {
    throw new VistazoError(
      'option.unsupported',
      `The model ${modelId} takes no pictures; send text alone or choose another model.`,
    );
  }
  return messages.map((message) => ({
    ...message,
    parts: message.parts.map((part) => {
      if (part.type === 'text') return part;
      const { name = 'picture', authorId } = part.provenance;
      const text = fenceText('file that you cannot see', name);
      return { type: 'text', text, ...(authorId !== undefined && { authorId }) };
    }),
  }));
}

function answerTokens({ maxNewTokens }: GenerationOptions, contextLengthTokens: number): number {
  return maxNewTokens ?? Math.min(usualMaxNewTokens, Math.floor(contextLengthTokens / 4));
}
