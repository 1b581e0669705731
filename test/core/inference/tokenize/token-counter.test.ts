import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CacheScope } from '../../../../packages/core/src/cache-scopes.ts';
import type { ImageLayout } from '../../../../packages/core/src/inference/family/image-layout.ts';
import { openFamily } from '../../../../packages/core/src/inference/family/registry.ts';
import type { ModelDescription } from '../../../../packages/core/src/inference/files/model-folder.ts';
import type { TemplateMessage } from '../../../../packages/core/src/inference/tokenize/chat-template.ts';
import {
  buildPrompt,
  openPromptModel,
} from '../../../../packages/core/src/inference/tokenize/prompt.ts';
import { TokenCounter } from '../../../../packages/core/src/inference/tokenize/token-counter.ts';
import { Tokenizer } from '../../../../packages/core/src/inference/tokenize/tokenizer.ts';
import { anyScope, caseOf, countOf, describeTiny, eyesOf } from '../tiny-model.ts';

/** Templates of other kinds than that of the tiny model, in its special tokens. */
const templates = {
  'with a system message of its own':
    "{% for m in messages %}{% if loop.first and m.role != 'system' %}<|im_start|>system\nYou help.<end_of_utterance>\n{% endif %}<|im_start|>{{ m.role }}\n{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% else %}<image>{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
  'that trims texts':
    "<|im_start|>{% for m in messages %}[{{ m.role }}]\n\n{% for p in m.content %}{% if p.type == 'text' %}{{ p.text | trim }}{% else %}<image>{% endif %}{% endfor %}<end_of_utterance>{% endfor %}{% if add_generation_prompt %}[assistant]\n\n{% endif %}",
  'with special tokens behind answers alone':
    "{% for m in messages %}{% if m.role == 'user' %}USER: {% elif m.role == 'assistant' %}ASSISTANT: {% endif %}{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% else %}<image>{% endif %}{% endfor %}{% if m.role == 'assistant' %}<end_of_utterance>{% else %} {% endif %}{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}",
  'that numbers messages':
    "{% for m in messages %}{{ loop.index }} {{ m.role }}: {% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% else %}<image>{% endif %}{% endfor %}<end_of_utterance>{% endfor %}{% if add_generation_prompt %}A:{% endif %}",
};

let description: ModelDescription;
let tokenizer: Tokenizer;

beforeAll(async () => {
  description = await describeTiny();
  tokenizer = Tokenizer.load(description.tokenizer);
});

/** A counter, the prompts that it has its counts of, and the messages that it had rendered so far. */
function counterFor(source = description.chatTemplate) {
  const model = openPromptModel(
    { ...description, chatTemplate: source },
    openFamily(description.family),
    tokenizer,
  );
  const work = { renderedMessages: 0 };
  const counter = new TokenCounter<ImageLayout>({
    tokenizer,
    imageTokenId: eyesOf(description).imageTokenId,
    buildPrompt(messages, layouts, options) {
      work.renderedMessages += messages.length;
      return buildPrompt(messages, layouts, model, options);
    },
  });
  const idsOf = (messages: readonly TemplateMessage[], layouts: readonly ImageLayout[]) =>
    tokenizer.encode(buildPrompt(messages, layouts, model));
  return { counter, idsOf, work };
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom('', ' ', '\n', ' a', 'b ', '<image>', '<end_of_utterance>', '12 ½', 'x\n\n'),
);
const size = fc.constantFrom({ widthPx: 4, heightPx: 4 }, { widthPx: 300, heightPx: 90 });
const part = fc.oneof(
  text.map((each) => ({ type: 'text' as const, text: each })),
  size.map((each) => ({ type: 'image' as const, size: each })),
);
const talk = fc.array(
  fc.record({
    role: fc.constantFrom<TemplateMessage['role']>('user', 'assistant', 'system'),
    content: fc.array(part, { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 7 },
);

function countable(messages: typeof talk extends fc.Arbitrary<infer T> ? T : never) {
  const layouts = messages.flatMap(({ content }) =>
    content.flatMap((each) =>
      each.type === 'image' ? [eyesOf(description).layout(each.size, 'full')] : [],
    ),
  );
  const plain = messages.map(({ role, content }) => ({
    role,
    content: content.map((each) => (each.type === 'image' ? { type: each.type } : each)),
  }));
  return { messages: plain, layouts };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const long = (length: number): TemplateMessage[] =>
  Array.from({ length }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: [{ type: 'text', text: `message ${index}` }],
  }));

describe('token counts', () => {
  it.each(['of the model itself', ...Object.keys(templates)])(
    'are those of the whole prompt, for a template %s',
    (name) => {
      const { counter, idsOf } = counterFor(new Map(Object.entries(templates)).get(name));
      fc.assert(
        fc.property(talk, (messages) => {
          const asked = countable(messages);
          const ids = idsOf(asked.messages, asked.layouts);
          const counts = counter.count(asked, anyScope);
          expect(counts.totalTokens).toBe(ids.length);
          expect(sum(counts.messageTokens)).toBe(ids.length);
          expect(sum(counts.messageImageTokens)).toBe(
            ids.filter((id) => id === eyesOf(description).imageTokenId).length,
          );
        }),
      );
    },
  );

  it('are, for each message after the first, what the prompt grows by with it', () => {
    const { counter, idsOf } = counterFor();
    const { messages, layouts } = countOf(
      caseOf('several pictures over several turns').messages,
      description,
    );
    const { messageTokens } = counter.count({ messages, layouts }, anyScope);
    const lengths = messages.map((_, index) => {
      const part = messages.slice(0, index + 1);
      const shown = part.flatMap(({ content }) => content).filter(({ type }) => type === 'image');
      return idsOf(part, layouts.slice(0, shown.length)).length;
    });
    expect(messageTokens).toEqual(
      lengths.map((length, index) => length - (lengths[index - 1] ?? 0)),
    );
  });

  it('take work in proportion to the messages that are new', () => {
    const { counter, work } = counterFor();
    const workFor = (length: number) => {
      const before = work.renderedMessages;
      counter.count({ messages: long(length), layouts: [] }, anyScope);
      return work.renderedMessages - before;
    };
    expect(workFor(200)).toBeLessThan(4 * 200);
    expect(workFor(201)).toBeLessThan(20);
    expect(workFor(2000)).toBeLessThan(4 * 1800 + 20);
  });

  it('are found by those of the same scope alone, until it is forgotten', () => {
    const { counter, work } = counterFor();
    const workIn = (name: string) => {
      const before = work.renderedMessages;
      const scope: CacheScope = { name, isForgotten: false };
      counter.count({ messages: long(50), layouts: [] }, scope);
      return work.renderedMessages - before;
    };
    const first = workIn('ana');
    expect(workIn('bo')).toBe(first);
    expect(workIn('ana')).toBeLessThan(10);
    counter.forget('ana');
    expect(workIn('ana')).toBe(first);
    expect(workIn('bo')).toBeLessThan(10);
  });

  it('cost no more than in proportion to the text of a template without special tokens', () => {
    const plain = '{% for m in messages %}{{ m.role }}: {{ m.content[0].text }}\n{% endfor %}';
    const { counter } = counterFor(plain);
    const encode = tokenizer.encode.bind(tokenizer);
    let encoded = 0;
    tokenizer.encode = (given) => {
      encoded += given.length;
      return encode(given);
    };
    const workFor = (length: number) => {
      encoded = 0;
      counter.count({ messages: long(length), layouts: [] }, { name: '', isForgotten: true });
      return encoded;
    };
    const [less, more] = [workFor(1000), workFor(4000)];
    tokenizer.encode = encode;
    expect(more).toBeLessThan(8 * less);
  });
});
