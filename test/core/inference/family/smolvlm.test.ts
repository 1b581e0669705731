import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createLocalModel } from '@vistazo/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preparePictures } from '../../../../packages/core/src/backend/picture-sources.ts';
import type { ChatMessage } from '../../../../packages/core/src/conversation/chat-message.ts';
import { resolveOptions } from '../../../../packages/core/src/generation/resolve-options.ts';
import { Inference } from '../../../../packages/core/src/inference/engine/inference.ts';
import type { InferenceRequest } from '../../../../packages/core/src/inference/engine/inference-request.ts';
import { numberWords } from '../../../../packages/core/src/inference/family/idefics3/number-words.ts';
import {
  describeModel,
  type ModelDescription,
} from '../../../../packages/core/src/inference/files/model-folder.ts';
import { formulaPicture } from '../../image/formula-picture.ts';
import { answerOf, eyesOf, showingTokens } from '../tiny-model.ts';
import { type FamilyCase, familyFolder, tokensIn, worstLogits } from './family-case.ts';

type Size = [number, number];

interface VideoCase extends Omit<FamilyCase, 'messages'> {
  messages: {
    role: ChatMessage['role'];
    content: (
      | { type: 'text'; text: string }
      | { type: 'image'; size: Size }
      | { type: 'video'; sizes: Size[]; atMs?: number[]; durationMs?: number }
    )[];
  }[];
}

const folder = familyFolder('tiny-smolvlm');
const vectors: { cases: Record<string, VideoCase>; words: string } = JSON.parse(
  readFileSync(`${folder}/vectors.json`, 'utf8'),
);
const cases = Object.entries(vectors.cases);

/** Stands for a picture drawn by formula in this size. */
const sourceOf = (size: Size) => new TextEncoder().encode(JSON.stringify(size));

function chatOf({ messages }: VideoCase): ChatMessage[] {
  return messages.map(({ role, content }) => ({
    role,
    content: content.map((part) => {
      if (part.type === 'text') return part;
      if (part.type === 'image') return { type: 'image', image: sourceOf(part.size) };
      const { sizes, ...times } = part;
      return { ...times, video: sizes.map(sourceOf) };
    }),
  }));
}

describe('SmolVLM against transformers', () => {
  let description: ModelDescription;
  let inference: Inference;
  beforeAll(async () => {
    description = showingTokens(await describeModel(folder));
    inference = await Inference.load(description, { intraOpThreads: 1 });
  });
  afterAll(async () => {
    await inference.close();
  });

  async function requestOf(asked: VideoCase): Promise<InferenceRequest> {
    const images = eyesOf(description);
    const prepared = await preparePictures(
      chatOf(asked),
      async ({ isFrame, bytes }) => {
        const size: Size = JSON.parse(new TextDecoder().decode(await bytes()));
        const picture = formulaPicture(...size);
        const layout = images.layout(picture, (isFrame && images.videos?.budget) || 'full');
        return [{ layout, pixels: images.process(picture, layout) }];
      },
      {},
      images.videos,
    );
    return { ...prepared, options: resolveOptions({ maxNewTokens: 64 }, description.generation) };
  }

  it.each(cases)('writes videos as its processor does: %s', async (_, each) => {
    const { messages, pictures } = await requestOf(each);
    const layouts = pictures.map(({ layout }) => layout);
    expect(inference.tokenise({ messages, layouts })).toEqual(each.inputIds);
  });

  it.each(cases)('sees frames whole, equal to the bit: %s', async (_, each) => {
    const images = eyesOf(description);
    const { pictures } = await requestOf(each);
    const hashes = pictures.flatMap(({ layout, pixels }) =>
      layout.tiles.map((tile, index) => {
        const { pixel_values: values } = images.feeds(tile, pixels[index] ?? new Uint8Array());
        return createHash('sha256')
          .update(values?.data ?? '')
          .digest('hex');
      }),
    );
    expect(hashes).toEqual(each.pixels);
  });

  it('answers many about videos at once with the tokens of transformers', async () => {
    const requests = await Promise.all(cases.map(([, each]) => requestOf(each)));
    const ends = await Promise.all(requests.map((request) => answerOf(inference, request)));
    expect(ends.map(({ text }) => tokensIn(folder, text))).toEqual(
      cases.map(([, { tokens }]) => tokens),
    );
  });

  it('answers the next turn about videos with the same tokens when it reuses the KV cache', async () => {
    const whole = vectors.cases['a picture and two videos over several turns'];
    if (whole === undefined) throw new Error('vectors.json lacks the case');
    const own = await Inference.load(description, { intraOpThreads: 1 });
    try {
      await answerOf(own, await requestOf({ ...whole, messages: whole.messages.slice(0, 3) }));
      const end = await answerOf(own, await requestOf(whole));
      expect(end.usage.reusedTokens).toBeGreaterThan(0);
      expect(tokensIn(folder, end.text)).toEqual(whole.tokens);
    } finally {
      await own.close();
    }
  });

  it.each(cases)('gives the logits of transformers: %s', async (_, each) => {
    const { pictures } = await requestOf(each);
    expect(await worstLogits(description, { ...each, messages: [] }, pictures)).toBeLessThan(1e-4);
  });
});

it('numbers of frames are written in the words of num2words', () => {
  const counts = Array.from({ length: 1000 }, (_, count) => count);
  for (let count = 1000; count < 20_000; count += 37) counts.push(count);
  const words = [...counts, 100_000, 999_999].map(numberWords);
  expect(createHash('sha256').update(words.join('\n')).digest('hex')).toBe(vectors.words);
});

describe('a video of the chat format', () => {
  const frame = (red: number) =>
    sharp({ create: { width: 40, height: 30, channels: 3, background: { r: red, g: 0, b: 0 } } })
      .png()
      .toBuffer();
  const asking = async (times: object): Promise<ChatMessage[]> => [
    {
      role: 'user',
      content: [{ type: 'video', video: [await frame(10), await frame(200)], ...times }],
    },
  ];

  it('is counted as it is read, its times with it, by a model that writes them', async () => {
    const model = await createLocalModel({ model: folder, intraOpThreads: 1 });
    try {
      const messages = await asking({ atMs: [0, 61_000], durationMs: 90_000 });
      const { totalTokens } = await model.countTokens(messages);
      const end = (await Array.fromAsync(model.generate(messages, { maxNewTokens: 4 }))).at(-1);
      // Two frames of one tile of four tokens each.
      expect(end).toMatchObject({ usage: { promptTokens: totalTokens, imageTokens: 8 } });
      const longer = await model.countTokens(
        await asking({ atMs: [0, 6_061_000], durationMs: 90_000 }),
      );
      expect(longer.totalTokens).toBe(totalTokens + 1);
    } finally {
      await model.close();
    }
  });

  it('is pictures one after the other for a model that has no videos', async () => {
    const model = await createLocalModel({
      model: familyFolder('tiny-idefics3'),
      intraOpThreads: 1,
    });
    try {
      const messages = await asking({ atMs: [0, 61_000] });
      const [video, pictures] = await Promise.all([
        model.countTokens(messages),
        model.countTokens(
          messages.map(({ role, content }) => ({
            role,
            content: [content]
              .flat()
              .flatMap((part) =>
                typeof part === 'object' && part.type === 'video'
                  ? [part.video].flat().map((image) => ({ type: 'image' as const, image }))
                  : [],
              ),
          })),
        ),
      ]);
      expect(video).toEqual(pictures);
    } finally {
      await model.close();
    }
  });
});
