import { VistazoError } from '../../../errors.js';
import type { TilePlan } from '../processed-picture.js';

const imageToken = '<image>';
const border = '<fake_token_around_image>';
const globalTag = '<global-img>';

/**
 * Replaces each picture placeholder by the tokens of its tiles, as `Idefics3Processor` does.
 * `imageSeqLen` is the number of tokens of one tile.
 * Source: transformers `models/idefics3/processing_idefics3.py`.
 */
export function expandImageTokens(
  prompt: string,
  pictures: readonly Pick<TilePlan, 'gridRows' | 'gridColumns'>[],
  { imageSeqLen }: { imageSeqLen: number },
): string {
  const pieces = prompt.split(imageToken);
  if (pieces.length - 1 !== pictures.length) {
    throw new VistazoError(
      'model.invalidConfig',
      `The chat template wrote ${pieces.length - 1} places for ${pictures.length} pictures.`,
    );
  }
  return pieces.reduce((text, piece, index) => {
    const picture = pictures[index - 1];
    return picture === undefined
      ? text + piece
      : text + imagePrompt(picture, { imageSeqLen }) + piece;
  });
}

/** What stands in the prompt for one picture, borders included. See {@link expandImageTokens}. */
export function imagePrompt(
  { gridRows, gridColumns }: Pick<TilePlan, 'gridRows' | 'gridColumns'>,
  { imageSeqLen }: { imageSeqLen: number },
): string {
  const tile = imageToken.repeat(imageSeqLen);
  const whole = `${border}${globalTag}${tile}${border}`;
  if (gridRows === 0) return whole;
  const row = (r: number) =>
    Array.from(
      { length: gridColumns },
      (_, c) => `${border}<row_${r + 1}_col_${c + 1}>${tile}`,
    ).join('');
  const rows = Array.from({ length: gridRows }, (_, r) => `${row(r)}\n`).join('');
  return `${rows}\n${whole}`;
}
