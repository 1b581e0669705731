import { gridOf, type ImageLayout } from '../image-layout.js';
import { replacePlaceholders } from '../replace-placeholders.js';

const imageToken = '<image>';
const border = '<fake_token_around_image>';
const globalTag = '<global-img>';

/**
 * Replaces each picture placeholder by the tokens of its tiles, as `Idefics3Processor` does.
 * Throws `model.invalidConfig` when there are more or fewer placeholders than pictures.
 * Source: transformers `models/idefics3/processing_idefics3.py`.
 */
export function expandImageTokens(prompt: string, layouts: readonly ImageLayout[]): string {
  return replacePlaceholders(prompt, imageToken, layouts.map(imagePrompt));
}

/** What stands in the prompt for one picture, borders included. */
export function imagePrompt(layout: ImageLayout): string {
  const { rows, columns } = gridOf(layout);
  const tile = imageToken.repeat(layout.tiles[0]?.imageTokens ?? 0);
  const whole = `${border}${globalTag}${tile}${border}`;
  if (rows === 0) return whole;
  const row = (r: number) =>
    Array.from({ length: columns }, (_, c) => `${border}<row_${r + 1}_col_${c + 1}>${tile}`).join(
      '',
    );
  const cut = Array.from({ length: rows }, (_, r) => `${row(r)}\n`).join('');
  return `${cut}\n${whole}`;
}
