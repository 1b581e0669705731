import type { ImageLayout } from '../family/image-layout.js';
import type { FamilyModel } from '../family/model-family.js';
import { ChatTemplate, type TemplateMessage } from './chat-template.js';
import { neutraliseTexts } from './neutralise.js';
import type { Tokenizer } from './tokenizer.js';

/** What a model's files say of its prompts. */
export interface PromptFiles {
  chatTemplate: string;
  /** Special tokens by the names that templates use, such as `bos_token`. */
  templateVariables: Record<string, string>;
}

/** What {@link buildPrompt} needs of a model. */
export interface PromptModel {
  template: ChatTemplate;
  family: FamilyModel;
  /** What is made plain text in what people write. */
  protectedTexts: readonly string[];
  /** Stands before a prompt that does not begin with it. */
  beginToken: string;
}

/** Readies what makes prompts of messages. Throws `model.invalidConfig` when the template cannot be parsed. */
export function openPromptModel(
  { chatTemplate, templateVariables }: PromptFiles,
  family: FamilyModel,
  tokenizer: Tokenizer,
): PromptModel {
  return {
    template: new ChatTemplate(chatTemplate, templateVariables),
    family,
    protectedTexts: [...tokenizer.specialTokens, ...(family.turnMarkers ?? [])],
    beginToken: family.addsBeginToken ? (tokenizer.beginToken ?? '') : '',
  };
}

/**
 * Prompt text of `messages`; `layouts` are those of their pictures in order. It ends where the answer
 * begins, unless `addGenerationPrompt` is false.
 */
export function buildPrompt(
  messages: readonly TemplateMessage[],
  layouts: readonly ImageLayout[],
  { template, protectedTexts, family, beginToken }: PromptModel,
  { addGenerationPrompt = true }: { addGenerationPrompt?: boolean } = {},
): string {
  const safe = messages.map(({ role, content }) => ({
    role,
    content: neutralContent(content, protectedTexts),
  }));
  const rendered = template.render(safe, { addGenerationPrompt });
  const prompt = rendered.startsWith(beginToken) ? rendered : beginToken + rendered;
  return family.images === undefined ? prompt : family.images.expand(prompt, layouts);
}

function neutralContent(
  content: TemplateMessage['content'],
  protectedTexts: readonly string[],
): TemplateMessage['content'] {
  const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const safe = neutraliseTexts(texts, protectedTexts).values();
  return content.map((part) =>
    part.type === 'text' ? { ...part, text: safe.next().value ?? '' } : part,
  );
}
