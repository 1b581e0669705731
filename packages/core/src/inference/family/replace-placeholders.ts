import { VistazoError } from '../../errors.js';

/**
 * Puts one text after the other in the place of each `placeholder`. Throws `model.invalidConfig` when
 * there are more or fewer of them than texts.
 */
export function replacePlaceholders(
  prompt: string,
  placeholder: string,
  texts: readonly string[],
): string {
  const pieces = prompt.split(placeholder);
  if (pieces.length - 1 !== texts.length) {
    throw new VistazoError(
      'model.invalidConfig',
      `The chat template wrote ${pieces.length - 1} places for ${texts.length} pictures.`,
    );
  }
  return pieces.map((piece, index) => piece + (texts[index] ?? '')).join('');
}
