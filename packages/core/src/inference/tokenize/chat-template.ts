import { Template } from '@huggingface/jinja';
import type { ChatMessage } from '../../conversation/chat-message.js';
import { VistazoError } from '../../errors.js';

/** A message as templates see it: pictures without their source. */
export interface TemplateMessage {
  role: ChatMessage['role'];
  content: ({ type: 'text'; text: string } | { type: 'image' })[];
}

/** A text that no template writes by itself. */
const probe = 'vistazo-probe';

/** A model's chat template. */
export class ChatTemplate {
  readonly #template: Template;
  readonly #variables: Record<string, string>;
  #knownToTakeParts: boolean | undefined;

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

  /**
   * Whether a template goes through the parts of a message. Those of models without eyes often take
   * its content as one text. A try shows it, since templates are programs.
   */
  get #takesParts(): boolean {
    if (this.#knownToTakeParts === undefined) {
      const shown = this.#try([{ role: 'user', content: [{ type: 'text', text: probe }] }]);
      // A list that is written as it stands brings the name of the field along.
      this.#knownToTakeParts = shown === undefined || !/\btype\b|\[object/.test(shown);
      const asText = this.#try([{ role: 'user', content: probe }]);
      if (!shown?.includes(probe) && asText?.includes(probe)) this.#knownToTakeParts = false;
    }
    return this.#knownToTakeParts;
  }

  #try(messages: readonly object[]): string | undefined {
    try {
      return this.#template.render({
        ...this.#variables,
        messages,
        add_generation_prompt: true,
      });
    } catch {
      // It takes messages in another form, or other messages.
      return undefined;
    }
  }

  /** The prompt of `messages`, each picture as one placeholder, ending where the answer begins. */
  render(messages: readonly TemplateMessage[], { addGenerationPrompt = true } = {}): string {
    try {
      return this.#template.render({
        ...this.#variables,
        messages: this.#takesParts ? messages : messages.map(withOneText),
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

/** A message whose parts are one text, as servers join them. Pictures have no place in it. */
function withOneText({ role, content }: TemplateMessage): { role: string; content: string } {
  const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  return { role, content: texts.join('\n') };
}
