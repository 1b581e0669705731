/** A text without what is not read the same each time: capitals, white space, forms of letters. */
export function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** How many characters have to be put in, left out or changed. Source: Levenshtein, by rows. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, char] of [...a].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = (row[column - 1] as number) + (char === b[column - 1] ? 0 : 1);
      next.push(Math.min((row[column] as number) + 1, (next[column - 1] as number) + 1, changed));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** That of the texts which a text is likest to; undefined where it differs in more than half of its characters from each. */
export function likestOf(text: string, others: readonly string[]): string | undefined {
  const sought = plain(text);
  const ranked = others
    .map((other) => {
      const candidate = plain(other);
      const length = Math.max(sought.length, candidate.length);
      return { other, difference: length === 0 ? 1 : editDistance(sought, candidate) / length };
    })
    .toSorted((a, b) => a.difference - b.difference);
  const [best, second] = ranked;
  const isClear = best !== undefined && best.difference < (second?.difference ?? 1);
  return isClear && best.difference <= mostDifference ? best.other : undefined;
}

/** Small models misspell names that they were not trained on. */
const mostDifference = 0.5;
