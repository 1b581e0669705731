/** Where a text can be cut: behind the last break of each kind, the best kind first; 0 where there is none. */
export function lastTextBreaks(text: string): [paragraph: number, line: number, word: number] {
  let [paragraph, word] = [0, 0];
  // Runs are found in one pass: a pattern that tries each place of a long one takes time that grows squared.
  for (const { index, 0: blanks } of text.matchAll(/\s+/g)) {
    const end = index + blanks.length;
    const isBetweenLines = blanks.indexOf('\n') < blanks.lastIndexOf('\n');
    if (isBetweenLines && blanks.endsWith('\n') && end < text.length) paragraph = end;
    const lastSpace = Math.max(blanks.lastIndexOf(' '), blanks.lastIndexOf('\t'));
    if (lastSpace >= 0) word = index + lastSpace + 1;
  }
  return [paragraph, text.lastIndexOf('\n') + 1, word];
}
