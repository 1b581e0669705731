import { expandImageTokens, imagePrompt } from '../family/idefics3/expand-image-tokens.js';
import type { TilePlan } from '../family/processed-picture.js';
import type { ChatTemplate, TemplateMessage } from './chat-template.js';
import { neutraliseTexts } from './neutralise.js';

/** What {@link buildPrompt} needs of a model. */
export interface PromptModel {
  template: ChatTemplate;
  specialTokens: readonly string[];
  /** Tokens of one tile. */
  imageSeqLen: number;
}

/** Prompt text of `messages`; `pictures` are the tile plans of their pictures in order. */
export function buildPrompt(
  messages: readonly TemplateMessage[],
  pictures: readonly Pick<TilePlan, 'gridRows' | 'gridColumns'>[],
  { template, specialTokens, imageSeqLen }: PromptModel,
): string {
  const safe = messages.map(({ role, content }) => ({
    role,
    content: neutralContent(content, specialTokens),
  }));
  return expandImageTokens(template.render(safe), pictures, { imageSeqLen });
}

/** What stands in a prompt for one picture, borders included. */
export function picturePrompt(
  picture: Pick<TilePlan, 'gridRows' | 'gridColumns'>,
  { imageSeqLen }: Pick<PromptModel, 'imageSeqLen'>,
): string {
  return imagePrompt(picture, { imageSeqLen });
}

function neutralContent(
  content: TemplateMessage['content'],
  specialTokens: readonly string[],
): TemplateMessage['content'] {
  const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const safe = neutraliseTexts(texts, specialTokens).values();
  return content.map((part) =>
    part.type === 'text' ? { ...part, text: safe.next().value ?? '' } : part,
  );
}
