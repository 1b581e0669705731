const maxTitleLength = 60;

/** A title of at most 60 characters from the first question: its first line, cut at a word. @internal */
export function titleFrom(question: string): string {
  const line = question.trim().split(/\r?\n/, 1)[0]?.replace(/\s+/g, ' ') ?? '';
  const characters = Array.from(line);
  if (characters.length <= maxTitleLength) return line;
  const cut = characters.slice(0, maxTitleLength - 1).join('');
  const lastSpace = cut.lastIndexOf(' ');
  return `${lastSpace > maxTitleLength / 2 ? cut.slice(0, lastSpace) : cut}…`;
}
