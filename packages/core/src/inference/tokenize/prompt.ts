import type { ImageLayout } from '../family/image-layout.js';
import type { FamilyModel } from '../family/model-family.js';
import type { ChatTemplate, TemplateMessage } from './chat-template.js';
import { neutraliseTexts } from './neutralise.js';

/** What {@link buildPrompt} needs of a model. */
export interface PromptModel {
  template: ChatTemplate;
  specialTokens: readonly string[];
  family: FamilyModel;
}

/**
 * Prompt text of `messages`; `layouts` are those of their pictures in order. It ends where the answer
 * begins, unless `addGenerationPrompt` is false.
 */
export function buildPrompt(
  messages: readonly TemplateMessage[],
  layouts: readonly ImageLayout[],
  { template, specialTokens, family }: PromptModel,
  { addGenerationPrompt = true }: { addGenerationPrompt?: boolean } = {},
): string {
  const safe = messages.map(({ role, content }) => ({
    role,
    content: neutralContent(content, specialTokens),
  }));
  const prompt = template.render(safe, { addGenerationPrompt });
  return family.images === undefined ? prompt : family.images.expand(prompt, layouts);
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
