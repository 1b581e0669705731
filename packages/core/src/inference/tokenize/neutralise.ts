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

/**
 * Like {@link neutralise} for texts that stand one after the other: no special token arises where two
 * of them meet either.
 */
export function neutraliseTexts(
  texts: readonly string[],
  specialTokens: readonly string[],
): string[] {
  let before = '';
  return texts.map((text) => {
    const alone = neutralise(text, specialTokens);
    const joined = before + alone;
    const safe = neutralise(joined, specialTokens) === joined ? alone : wordJoiner + alone;
    before += safe;
    return safe;
  });
}
