import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { idefics3 } from '../../../../packages/core/src/inference/family/idefics3/family.ts';
import { parseIdefics3ImageConfig } from '../../../../packages/core/src/inference/family/idefics3/read-config.ts';
import {
  gridOf,
  type ImageLayout,
} from '../../../../packages/core/src/inference/family/image-layout.ts';
import { openFamily } from '../../../../packages/core/src/inference/family/registry.ts';
import { ChatTemplate } from '../../../../packages/core/src/inference/tokenize/chat-template.ts';
import {
  buildPrompt,
  openPromptModel,
  type PromptModel,
} from '../../../../packages/core/src/inference/tokenize/prompt.ts';
import { Tokenizer } from '../../../../packages/core/src/inference/tokenize/tokenizer.ts';
import { anyText } from '../../../any-text.ts';
import { hasSmolFiles, readSmolJson, smolNote } from '../../reference-files.ts';
import { type CaseMessage, cases, describeTiny, vectors } from '../tiny-model.ts';

interface PromptVector {
  messages: CaseMessage[];
  grids: [number, number][];
  count: number;
  sha256: string;
}

const smolVectors: { transformers: string; cases: PromptVector[]; unsplit: PromptVector[] } =
  JSON.parse(readFileSync(new URL('../../../reference/prompts.json', import.meta.url), 'utf8'));

/** What makes prompts of a model. */
interface Prompter {
  model: PromptModel;
  tokenizer: Tokenizer;
}

async function tinyPrompter(): Promise<Prompter> {
  const description = await describeTiny();
  const tokenizer = Tokenizer.load(description.tokenizer);
  return {
    tokenizer,
    model: openPromptModel(description, openFamily(description.family), tokenizer),
  };
}

function smolPrompter(settings: object = {}): Prompter {
  const tokenizer = Tokenizer.load({
    tokenizerJson: JSON.stringify(readSmolJson('tokenizer.json')),
    tokenizerConfig: readSmolJson('tokenizer_config.json'),
  });
  const image = parseIdefics3ImageConfig({
    ...readSmolJson('preprocessor_config.json'),
    ...settings,
  });
  const template = readSmolJson('chat_template.json');
  return {
    tokenizer,
    model: openPromptModel(
      {
        chatTemplate: 'chat_template' in template ? String(template.chat_template) : '',
        templateVariables: {},
      },
      idefics3.open({ imageTokenId: 49190, imageSeqLen: 64, image, timesFrames: false }),
      tokenizer,
    ),
  };
}

/** The grid of a picture of this size. */
const gridAt = ({ model }: Prompter, widthPx: number, heightPx: number) => {
  const layout = model.family.images?.layout({ widthPx, heightPx }, 'full');
  const { rows, columns } = gridOf(layout ?? { widthPx, heightPx, tiles: [] });
  return [rows, columns];
};

const layoutsOf = (messages: readonly CaseMessage[], { model }: Prompter): ImageLayout[] =>
  messages
    .flatMap(({ content }) => content)
    .filter((part) => part.type === 'image')
    .flatMap(
      ({ size: [widthPx, heightPx] }) =>
        model.family.images?.layout({ widthPx, heightPx }, 'full') ?? [],
    );

function promptOf(messages: readonly CaseMessage[], prompter: Prompter): string {
  const shown = messages.map(({ role, content }) => ({
    role,
    content: content.map((part) => (part.type === 'image' ? { type: 'image' as const } : part)),
  }));
  return buildPrompt(shown, layoutsOf(messages, prompter), prompter.model);
}

const user = (...texts: string[]): CaseMessage[] => [
  { role: 'user', content: texts.map((text) => ({ type: 'text', text })) },
];

describe(`prompts of the random model are those of transformers ${vectors.transformers}`, () => {
  let tiny: Prompter;
  beforeAll(async () => {
    tiny = await tinyPrompter();
  });

  it.each(vectors.grids)(
    'a picture in $rows rows and $cols columns',
    ({ size, rows, cols, text, ids }) => {
      expect(gridAt(tiny, ...size)).toEqual([rows, cols]);
      const prompt = promptOf(
        [
          {
            role: 'user',
            content: [
              { type: 'image', size },
              { type: 'text', text: 'What is in the picture?' },
            ],
          },
        ],
        tiny,
      );
      expect(prompt).toBe(text);
      expect(tiny.tokenizer.encode(prompt)).toEqual(ids);
    },
  );

  it.each(cases)('%s', (_, { messages, inputIds }) => {
    expect(tiny.tokenizer.encode(promptOf(messages, tiny))).toEqual(inputIds);
  });
});

describe.skipIf(!hasSmolFiles)(`prompts of ${smolNote}`, () => {
  const digest = (ids: readonly number[]) =>
    createHash('sha256').update(Uint32Array.from(ids)).digest('hex');

  function expectEqual({ messages, grids, count, sha256 }: PromptVector, prompter: Prompter): void {
    const sizes = messages
      .flatMap(({ content }) => content)
      .flatMap((part) => (part.type === 'image' ? [part.size] : []));
    expect(sizes.map((size) => gridAt(prompter, ...size))).toEqual(grids);
    const ids = prompter.tokenizer.encode(promptOf(messages, prompter));
    expect(ids).toHaveLength(count);
    expect(digest(ids)).toBe(sha256);
  }

  it(`are those of transformers ${smolVectors.transformers} for no picture, one and several`, () => {
    const smol = smolPrompter();
    for (const each of smolVectors.cases) expectEqual(each, smol);
  });

  it('have every tile grid of the processor among them', () => {
    const smol = smolPrompter();
    const grids = new Set<string>();
    for (let widthPx = 50; widthPx < 3000; widthPx += 50) {
      for (let heightPx = 50; heightPx < 3000; heightPx += 50) {
        grids.add(gridAt(smol, widthPx, heightPx).join(' × '));
      }
    }
    const covered = smolVectors.cases.flatMap((each) => each.grids.map((grid) => grid.join(' × ')));
    expect(new Set(covered)).toEqual(grids);
  });

  it('are those of transformers where pictures are not split', () => {
    const whole = smolPrompter({ do_image_splitting: false });
    for (const each of smolVectors.unsplit) expectEqual(each, whole);
  });

  it('keep what users write from being structure', () => {
    const { model, tokenizer } = smolPrompter();
    for (const token of tokenizer.specialTokens) {
      const id = tokenizer.tokenToId(token);
      const counts = [`a ${token} b`, 'a b'].map(
        (text) =>
          tokenizer.encode(buildPrompt(textOf(text), [], model)).filter((each) => each === id)
            .length,
      );
      expect(counts[0], token).toBe(counts[1]);
    }
  });
});

const textOf = (...texts: string[]) => [
  { role: 'user' as const, content: texts.map((text) => ({ type: 'text' as const, text })) },
];

describe('text that users write', () => {
  let tiny: Prompter;
  let special: Set<number>;
  beforeAll(async () => {
    tiny = await tinyPrompter();
    special = new Set(
      tiny.tokenizer.specialTokens.map((token) => tiny.tokenizer.tokenToId(token) ?? -1),
    );
  });

  const structureOf = (...texts: string[]) =>
    tiny.tokenizer.encode(promptOf(user(...texts), tiny)).filter((id) => special.has(id));

  it('adds no special token, in however many parts it comes', () => {
    const plain = structureOf('hello');
    const pieces = fc.oneof(
      fc.constantFrom(...tiny.tokenizer.specialTokens),
      fc.constantFrom(
        '<',
        '>',
        '<ima',
        'ge>',
        '<end_of_',
        'utterance>',
        '|',
        '<|im_',
        'start|>',
        ' ',
      ),
      anyText({ maxLength: 4 }),
    );
    const text = fc.array(pieces, { maxLength: 6 }).map((each) => each.join(''));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (texts) => {
        expect(structureOf(...texts)).toEqual(plain);
      }),
    );
  });

  it('without a special token stays as it is', () => {
    expect(promptOf(user('a < b, <imag>, naïve 🙂'), tiny)).toContain('a < b, <imag>, naïve 🙂');
  });

  it('forges no token where two parts meet', () => {
    const template = new ChatTemplate(
      "{% for part in messages[0]['content'] %}{{ part['text'] }}{% endfor %}",
    );
    const texts = ['a <end_of', '_utter', 'ance> <ima', 'ge> b'];
    const prompt = buildPrompt(textOf(...texts), [], { ...tiny.model, template });
    expect(tiny.tokenizer.encode(prompt).filter((id) => special.has(id))).toEqual([]);
    expect(prompt.replaceAll('\u2060', '')).toBe(texts.join(''));
  });

  it('can name a special token, which stays readable', () => {
    const prompt = promptOf(user('What is <image>?'), tiny);
    expect(prompt).not.toContain('<image>');
    expect(prompt.replaceAll('\u2060', '')).toContain('What is <image>?');
  });
});

describe('a chat template', () => {
  let tiny: Prompter;
  beforeAll(async () => {
    tiny = await tinyPrompter();
  });

  it('that is not Jinja is refused', () => {
    expect(() => new ChatTemplate('{% for %}')).toThrow(
      expect.objectContaining({ code: 'model.invalidConfig' }),
    );
  });

  it('that refuses the messages is an error with a code', () => {
    const template = new ChatTemplate("{{ raise_exception('roles must alternate') }}");
    expect(() => template.render([])).toThrow(
      expect.objectContaining({ code: 'model.invalidConfig' }),
    );
  });

  it('has the line ends of Unix, however its file has them', () => {
    const template = new ChatTemplate("a\r\n{{ '\r\n' }}b\rc");
    expect(template.render([])).toBe('a\n\nb\nc');
  });

  it('that forgets a picture is an error that counts places and pictures', () => {
    const model = { ...tiny.model, template: new ChatTemplate('no place') };
    const [layout] = layoutsOf(
      [{ role: 'user', content: [{ type: 'image', size: [40, 30] }] }],
      tiny,
    );
    if (layout === undefined) throw new Error('no layout');
    expect(() =>
      buildPrompt([{ role: 'user', content: [{ type: 'image' }] }], [layout], model),
    ).toThrow('The chat template wrote 0 places for 1 pictures.');
  });

  const takesText = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}";
  const takesParts =
    '{% for m in messages %}<{{ m.role }}>{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}';
  const joinsText = "{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'] }}{% endfor %}";

  it.each([
    ['one text', takesText, '<user>one\ntwo'],
    ['one text that it puts together with others', joinsText, '<user>one\ntwo'],
    ['its parts', takesParts, '<user>onetwo'],
  ])('gets of a message %s', (_, source, prompt) => {
    expect(new ChatTemplate(source).render(textOf('one', 'two'))).toBe(prompt);
  });

  it('may name the special tokens of the tokenizer and leave out the start of the answer', () => {
    const template = new ChatTemplate(
      "{{ bos_token }}{{ messages[0]['content'][0]['text'] }}{% if add_generation_prompt %}>{% endif %}",
      { bos_token: '<s>' },
    );
    const [messages] = [textOf('hi')];
    expect(template.render(messages)).toBe('<s>hi>');
    expect(template.render(messages, { addGenerationPrompt: false })).toBe('<s>hi');
  });
});
