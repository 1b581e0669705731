/** Widest column (characters) that others are aligned to; a longer cell pushes the rest of its line aside. */
const maxColumnWidth = 40;

/** Characters that take the width of two: of East Asia, and emoji. */
const wide =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;

/** A table as text for a font of fixed width: columns aligned, a line below the first row, which is the header. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.min(maxColumnWidth, Math.max(widths[column] ?? 0, widthOf(cell)));
    });
  const [header = [], ...body] = rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
      .join(' | ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(Math.max(1, width))).join('-|-');
  return [header, rule, ...body].join('\n');
}

function widthOf(text: string): number {
  let width = 0;
  for (const character of text)
    width += wide.test(character) ? 2 : /\p{M}|[\u200B-\u200D]/u.test(character) ? 0 : 1;
  return width;
}
