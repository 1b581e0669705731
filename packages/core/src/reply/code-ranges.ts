/** A stretch of a text, from its first character to behind its last one. */
export interface TextRange {
  start: number;
  end: number;
}

/** A line that opens a fence: its indent, its marks. */
const openingLine = /^( *)(`{3,20})(?!`)[^`]*$/;
const definition = /^ {0,3}\[[^\]]*\]:/;
/** What makes text bold, struck and the like; a pair of them may swallow a backtick on some platforms. */
const emphasis = '*_~|';
/** Means nothing, wherever it stands. */
const plain = /[a-vx-z0-9.,;!?]/i;

/**
 * The fenced and inline pieces of code in a text, marks included, that are code on every platform. Platforms read
 * Markdown differently, so that behind the first doubtful place nothing counts as code: a mark without its partner,
 * code that emphasis or a link may reach into, fences in quotes. What counts must be safe to be left as it is.
 */
export function codeRanges(text: string): TextRange[] {
  return new CodeScanner(text).scan();
}

class CodeScanner {
  readonly #ranges: TextRange[] = [];
  readonly #lines: TextRange[];
  /** Where marks of emphasis stand open, by their character: how many there are. */
  readonly #open = new Map<string, number>();
  #isInBrackets = false;
  /** Whether there were brackets, or are to be, as a colon becomes `[:]`. */
  #hasBrackets = false;
  /** Whether a link's destination stands open, and whether a title may have begun in it. */
  #destination: 'none' | 'open' | 'titled' = 'none';
  /** What stands before, back to the last space, begins like an address or a tag. */
  #isInWord = false;
  #hasDoubt = false;

  constructor(private readonly text: string) {
    this.#lines = linesOf(text);
  }

  scan(): TextRange[] {
    for (let index = 0; index < this.#lines.length && !this.#hasDoubt; ) {
      const line = this.#lines[index];
      if (line === undefined) break;
      const said = this.text.slice(line.start, line.end);
      const [, indent = '', marks] = openingLine.exec(said) ?? [];
      if (marks !== undefined) index = this.#fence(index, indent.length, marks.length);
      else {
        this.#line(line, said);
        index += 1;
      }
    }
    return this.#ranges;
  }

  /** Gives the index of the line behind it. */
  #fence(opening: number, indent: number, count: number): number {
    const start = this.#lines[opening]?.start ?? 0;
    let isBlank = true;
    for (let index = opening + 1; index < this.#lines.length; index += 1) {
      const { start: lineStart, end } = this.#lines[index] ?? { start: 0, end: 0 };
      const said = this.text.slice(lineStart, end);
      const words = said.trim();
      // A line that stands further left may end the list that the fence is in, and with it the fence.
      if (words !== '' && said.length - said.trimStart().length < indent) break;
      if (words.includes('```')) {
        if (isBlank || words !== '`'.repeat(count) || this.#reachesInto(start, end)) break;
        this.#ranges.push({ start, end });
        // Where three marks are the most, the others stand alone behind it.
        this.#hasDoubt ||= count > 3;
        return index + 1;
      }
      isBlank &&= words === '';
    }
    this.#hasDoubt = true;
    return this.#lines.length;
  }

  #line({ start, end }: TextRange, said: string): void {
    if (this.#destination !== 'none' || definition.test(said)) {
      this.#hasDoubt = true;
      return;
    }
    this.#isInWord = false;
    let hasPipe = false;
    for (let at = start; at < end && !this.#hasDoubt; ) {
      if (this.text[at] !== '`') {
        at = this.#prose(at);
        continue;
      }
      const behind = this.#inline(at, end);
      if (behind === undefined) this.#hasDoubt = true;
      else {
        // The cells of a table end at it, also within code.
        hasPipe ||= this.text.slice(at, behind).includes('|');
        if (!hasPipe) this.#ranges.push({ start: at, end: behind });
        at = behind;
      }
    }
  }

  /** Where a piece of code ends that begins here; undefined in doubt. */
  #inline(at: number, lineEnd: number): number | undefined {
    const { text } = this;
    const marks = runAt(text, at);
    const isHidden = this.#isInWord || this.#destination !== 'none' || text[at - 1] === '\\';
    if (marks > 2 || isHidden) return undefined;
    for (let next = text.indexOf('`', at + marks); next >= 0 && next < lineEnd; ) {
      const count = runAt(text, next);
      const end = next + count;
      if (count > 2) return undefined;
      if (count === marks) return this.#reachesInto(at, end) ? undefined : end;
      next = text.indexOf('`', end);
    }
    return undefined;
  }

  /** Whether what was opened before may end within a piece. */
  #reachesInto(start: number, end: number): boolean {
    const code = this.text.slice(start, end);
    if (this.#isInBrackets && code.includes(']')) return true;
    if (this.#hasBrackets && code.includes('](')) return true;
    return [...this.#open.keys()].some((mark) => code.includes(mark));
  }

  /** Reads one character that is no code, or a run of marks; gives where the next one stands. */
  #prose(at: number): number {
    const { text } = this;
    const character = text[at] ?? '';
    if (emphasis.includes(character)) return this.#emphasis(at, character);
    if (plain.test(character)) return at + 1;
    if (/\s/.test(character)) this.#isInWord = false;
    if (character === '\\') return at + (text[at + 1] === '`' ? 1 : 2);
    const next = text.slice(at, at + 4);
    if (character === '<' || /^(?:www\.|:\/\/)/i.test(next)) this.#isInWord = true;
    if (character === '[') this.#isInBrackets = true;
    this.#hasBrackets ||= /^(?:\[|www\.|:\S)/i.test(next);
    if (character === ']') {
      this.#isInBrackets = false;
      if (text[at + 1] === '(') this.#destination = 'open';
    }
    const isNested = character === '(' && text[at - 1] !== ']';
    if (this.#destination === 'open' && (isNested || /["']/.test(character)))
      this.#destination = 'titled';
    if (this.#destination === 'open' && character === ')') {
      this.#destination = 'none';
      this.#isInWord = false;
    }
    return at + 1;
  }

  #emphasis(at: number, mark: string): number {
    let end = at;
    while (this.text[end] === mark) end += 1;
    const count = end - at;
    const before = this.text[at - 1] ?? ' ';
    const after = this.text[end] ?? ' ';
    const isInWord = mark === '_' && /\w/.test(before) && /\w/.test(after);
    const isAlone = (mark === '~' || mark === '|') && count === 1;
    if (isInWord || isAlone) return end;
    const open = this.#open.get(mark);
    if (open === undefined) {
      if (/\S/.test(after) || count > 1) this.#open.set(mark, count);
    } else if (open === count && /\S/.test(before)) this.#open.delete(mark);
    return end;
  }
}

function linesOf(text: string): TextRange[] {
  let start = 0;
  return text.split('\n').map((line) => {
    const range = { start, end: start + line.length };
    start = range.end + 1;
    return range;
  });
}

/** How many backticks stand there. */
function runAt(text: string, at: number): number {
  let end = at;
  while (text[end] === '`') end += 1;
  return end - at;
}
