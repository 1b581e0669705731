import { hash } from 'node:crypto';
import type { CacheScope } from '../../cache-scopes.js';
import type { Role } from '../../conversation/chat-message.js';
import type { TokenCount } from '../../generation/token-count.js';
import { ScopedCache } from '../../scoped-cache.js';
import type { TemplateMessage } from './chat-template.js';
import type { Tokenizer } from './tokenizer.js';

/** What is to be counted; `layouts` are those of the pictures in order. */
export interface Countable<Layout> {
  messages: readonly TemplateMessage[];
  layouts: readonly Layout[];
}

/** What counting needs of a model: no graphs. */
export interface CountedModel<Layout> {
  tokenizer: Tokenizer;
  /** The token that stands for a piece of a picture; undefined for a model without eyes. */
  imageTokenId: number | undefined;
  /** The prompt of messages, with or without the beginning of the answer. */
  buildPrompt(
    messages: readonly TemplateMessage[],
    layouts: readonly Layout[],
    options: { addGenerationPrompt: boolean },
  ): string;
}

/** What one message adds to a prompt. */
interface Growth {
  tokens: number;
  imageTokens: number;
  /** The text from the last special token on, which the next message may go on with. */
  carry: string;
  carryTokens: number;
}

/** Messages to render before one with which it stands in the same way as in its conversation. */
type Histories = Record<Role, readonly TemplateMessage[]>;

const maxRemembered = 20_000;

/** Where so much text has neither special tokens nor words, it is cut at its end. The count may then be a token too large. */
const maxCarryLength = 8192;

const shortHistories: Histories = { system: [], user: [], assistant: [] };
const longHistories: Histories = {
  system: [saying('system', 'x')],
  user: [saying('user', 'x')],
  assistant: [saying('user', 'x'), saying('assistant', 'x')],
};

/** Of a longer text without special tokens only the last words are tokenised again with what follows. */
const maxWholeCarryLength = 512;

/** Conversations by which a template shows how it adds one message to the others. */
const samples: readonly (readonly TemplateMessage[])[] = [
  [saying('user', 'one two'), saying('assistant', ' three\n'), saying('user', '4')],
  [saying('system', 's'), saying('user', 'u'), saying('assistant', 'a'), saying('user', 'v')],
  [saying('user', 'u'), saying('user', 'v'), saying('assistant', 'a'), saying('assistant', 'b')],
];

/**
 * Counts tokens in time linear in the messages that were not counted before. Each message is rendered and
 * tokenised alone, cut at special tokens, where tokenizers cut too; so the sum is that of the whole prompt.
 * A template that does not put messages one after the other is rendered as a whole.
 */
export class TokenCounter<Layout> {
  readonly #model: CountedModel<Layout>;
  readonly #specialTokens: RegExp;
  readonly #histories: Histories | undefined;
  /** Whether the template writes special tokens at all. Otherwise prompts are cut between messages. */
  readonly #hasSpecialTokens: boolean;
  readonly #known = new ScopedCache<Growth>(maxRemembered, () => 1);

  constructor(model: CountedModel<Layout>) {
    this.#model = model;
    this.#specialTokens = anyOf(model.tokenizer.specialTokens);
    const sample = this.#attempt(() => this.#render(longHistories.assistant, [])) ?? '';
    this.#hasSpecialTokens = sample.search(this.#specialTokens) !== -1;
    this.#histories = [shortHistories, longHistories].find((each) => this.#adds(each));
  }

  /** The first message is counted with what begins the prompt and the answer. Throws `model.invalidConfig`. */
  count({ messages, layouts }: Countable<Layout>, scope: CacheScope): TokenCount {
    const growths: Growth[] = [];
    let nextPicture = 0;
    for (const [index, message] of messages.entries()) {
      const pictures = message.content.filter(({ type }) => type === 'image').length;
      const own = layouts.slice(nextPicture, nextPicture + pictures);
      nextPicture += pictures;
      const before = messages[index - 1]?.role;
      growths.push(this.#growth(message, own, { before, last: growths.at(-1), scope }));
    }
    const totalTokens = this.#total({ messages, layouts }, growths);
    const messageTokens = growths.map(({ tokens }) => tokens);
    const rest = totalTokens - messageTokens.reduce((sum, tokens) => sum + tokens, 0);
    if (messageTokens[0] !== undefined) messageTokens[0] += rest;
    const messageImageTokens = growths.map(({ imageTokens }) => imageTokens);
    return { totalTokens, messageTokens, messageImageTokens };
  }

  /** Drops what was kept in the scope of this name. */
  forget(name: string): void {
    this.#known.forget(name);
  }

  #growth(
    message: TemplateMessage,
    layouts: readonly Layout[],
    {
      before,
      last,
      scope,
    }: { before: Role | undefined; last: Growth | undefined; scope: CacheScope },
  ): Growth {
    const { carry, carryTokens } = last ?? { carry: '', carryTokens: 0 };
    const key = hash(
      'sha256',
      JSON.stringify([before ?? '', carry, message, layouts]),
      'base64url',
    );
    const known = this.#known.get(scope, key);
    if (known !== undefined) return known;
    const text = carry + this.#added(message, layouts, before);
    const ids = this.#model.tokenizer.encode(text);
    const rest = this.#uncut(text);
    const growth = {
      tokens: ids.length - carryTokens,
      imageTokens: ids.filter((id) => id === this.#model.imageTokenId).length,
      carry: rest,
      carryTokens: rest === '' ? 0 : this.#model.tokenizer.encode(rest).length,
    };
    this.#known.set(scope, key, growth);
    return growth;
  }

  /** The text that a message adds to a prompt. */
  #added(message: TemplateMessage, layouts: readonly Layout[], before: Role | undefined): string {
    const histories = this.#histories ?? longHistories;
    const history = before === undefined ? [] : histories[before];
    const text = this.#render([...history, message], layouts);
    if (before === undefined) return text;
    const already = this.#render(history, []);
    return text.startsWith(already) ? text.slice(already.length) : text;
  }

  #render(
    messages: readonly TemplateMessage[],
    layouts: readonly Layout[],
    addGenerationPrompt = false,
  ): string {
    return this.#model.buildPrompt(messages, layouts, { addGenerationPrompt });
  }

  /** What follows the last special token, with it; a tokenizer cuts before it. */
  #uncut(text: string): string {
    if (!this.#hasSpecialTokens) return '';
    let last = 0;
    for (const { index } of text.matchAll(this.#specialTokens)) last = index;
    const rest = text.slice(last);
    if (rest.length <= maxWholeCarryLength) return rest;
    // Words are tokenised apart, so that a few of them tell how a text goes on.
    const word = rest.slice(-maxWholeCarryLength / 2).search(/(?<=[\p{L}\p{N}]) (?=\p{L})/u);
    if (word !== -1) return rest.slice(-maxWholeCarryLength / 2).slice(word);
    return rest.length > maxCarryLength ? '' : rest;
  }

  #total({ messages, layouts }: Countable<Layout>, growths: readonly Growth[]): number {
    const { tokenizer } = this.#model;
    if (this.#histories === undefined) {
      return tokenizer.encode(this.#render(messages, layouts, true)).length;
    }
    const { carry, carryTokens } = growths.at(-1) ?? { carry: '', carryTokens: 0 };
    const sum = growths.reduce((tokens, growth) => tokens + growth.tokens, 0);
    const answer = this.#answerBeginning(this.#histories, messages.at(-1)?.role);
    return sum + tokenizer.encode(carry + answer).length - carryTokens;
  }

  /** What stands behind the last message, where the answer begins. */
  #answerBeginning(histories: Histories, last: Role | undefined): string {
    const history = last === undefined ? [] : histories[last];
    return this.#render(history, [], true).slice(this.#render(history, []).length);
  }

  /** Whether the template renders each message in the same way behind these histories as in conversations. */
  #adds(histories: Histories): boolean {
    const fits = samples.map((messages) => {
      const whole = this.#attempt(() => this.#render(messages, [], true));
      // A template may refuse a role, or two messages of the same one.
      return (
        whole === undefined || whole === this.#attempt(() => this.#pieced(messages, histories))
      );
    });
    return fits.every(Boolean);
  }

  #pieced(messages: readonly TemplateMessage[], histories: Histories): string {
    const pieces = messages.map((message, index) => {
      const before = messages[index - 1]?.role;
      const history = before === undefined ? [] : histories[before];
      const already = before === undefined ? '' : this.#render(history, []);
      const text = this.#render([...history, message], []);
      return text.startsWith(already) ? text.slice(already.length) : undefined;
    });
    if (pieces.includes(undefined)) return '';
    return pieces.join('') + this.#answerBeginning(histories, messages.at(-1)?.role);
  }

  #attempt(render: () => string): string | undefined {
    try {
      return render();
    } catch {
      return undefined;
    }
  }
}

function saying(role: Role, text: string): TemplateMessage {
  return { role, content: [{ type: 'text', text }] };
}

/** The longest of several that begin at the same place, as tokenizers take it. */
function anyOf(tokens: readonly string[]): RegExp {
  const literals = tokens
    .toSorted((a, b) => b.length - a.length)
    .map((token) => token.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(literals.join('|') || '(?!)', 'g');
}
