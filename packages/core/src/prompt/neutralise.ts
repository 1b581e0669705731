const wordJoiner = '\u2060';

/**
 * Text from strangers in which special tokens have lost their meaning: an invisible word joiner
 * after their first character keeps `<image>` or `<end_of_utterance>` readable but plain text, so
 * that nobody can forge a turn or a picture. Other text comes back unchanged.
 */
export function neutralise(text: string, specialTokens: readonly string[]): string {
  let safe = text;
  for (const token of specialTokens) {
    if (token.length > 1) safe = safe.replaceAll(token, token[0] + wordJoiner + token.slice(1));
  }
  return safe;
}
