import { fileURLToPath } from 'node:url';
import { createLocalModel, type LocalModelOptions } from '@vistazo/core';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../reference/tiny-idefics3', import.meta.url));
let picture: Uint8Array;
beforeAll(async () => {
  picture = await sharp({
    create: { width: 128, height: 96, channels: 3, background: 'red' },
  })
    .png()
    .toBuffer();
});

/** In how many tiles the picture is seen, and the tokens that its message is counted with. */
async function seenWith(options: Partial<LocalModelOptions>) {
  const model = await createLocalModel({ model: folder, intraOpThreads: 1, ...options });
  try {
    const messages = [
      { role: 'user' as const, content: [{ type: 'image' as const, image: picture }] },
    ];
    const { totalTokens } = await model.countTokens(messages);
    const [prompt] = await Array.fromAsync(model.generate(messages, { maxNewTokens: 1 }));
    if (prompt?.type !== 'prompt') throw new Error('An answer without a prompt');
    expect(prompt.promptTokens).toBe(totalTokens);
    return prompt.pictures[0];
  } finally {
    await model.close();
  }
}

describe('a tile budget', () => {
  it.each([
    ['the model’s own rule by default', {}, 13],
    ['the whole picture alone when it is fast', { tileBudget: 'fast' }, 1],
    ['at most as many as a number says', { tileBudget: 12 }, 10],
    ['one where the time allows none', { tileBudget: 'auto', firstTokenMs: 0.001 }, 1],
    ['all where there is time', { tileBudget: 'auto', firstTokenMs: 1e9 }, 13],
  ] as const)('gives %s, and counts the same', async (_, options, tiles) => {
    expect(await seenWith(options)).toMatchObject({ tiles, fullTiles: 13 });
  });

  it.each([
    [{ tileBudget: 0 }, 'tileBudget is 0'],
    [{ tileBudget: 1.5 }, 'tileBudget is 1.5'],
    [{ firstTokenMs: -1 }, 'firstTokenMs is -1'],
  ])('of %j is refused', async (options, message) => {
    await expect(createLocalModel({ model: folder, ...options })).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining(message),
    });
  });
});
