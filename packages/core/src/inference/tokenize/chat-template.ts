import { Template } from '@huggingface/jinja';
import type { ChatMessage } from '../../conversation/chat-message.js';
import { VistazoError } from '../../errors.js';

/** A message as templates see it: pictures without their source. */
export interface TemplateMessage {
  role: ChatMessage['role'];
  content: ({ type: 'text'; text: string } | { type: 'image' })[];
}

/** A model's chat template. */
export class ChatTemplate {
  readonly #template: Template;
  readonly #variables: Record<string, string>;

  /**
   * `variables` are the special tokens a template may name, such as `bos_token`.
   * Throws `model.invalidConfig` when the template cannot be parsed.
   */
  constructor(source: string, variables: Record<string, string> = {}) {
    this.#variables = variables;
    try {
      // Python's Jinja reads every line end as one of Unix.
      this.#template = new Template(source.replace(/\r\n?/g, '\n'));
    } catch (cause) {
      throw new VistazoError(
        'model.invalidConfig',
        'The chat template of the model is not valid Jinja.',
        { cause },
      );
    }
  }

  /** The prompt of `messages`, each picture as one placeholder, ending where the answer begins. */
  render(messages: readonly TemplateMessage[], { addGenerationPrompt = true } = {}): string {
    try {
      return this.#template.render({
        ...this.#variables,
        messages,
        add_generation_prompt: addGenerationPrompt,
      });
    } catch (cause) {
      throw new VistazoError(
        'model.invalidConfig',
        'The chat template of the model cannot be applied to these messages.',
        { cause },
      );
    }
  }
}
