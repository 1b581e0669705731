import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneLine } from '../../packages/plugins/src/one-line.ts';

describe('text of others in a line of a reply', () => {
  it.each([
    ['# Big\n\n- news', 'Big - news'],
    ['> 1. - quoted', 'quoted'],
    ['-5 degrees', '-5 degrees'],
    [
      'see https://evil.example and www.evil.example',
      'see https[:]//evil.example and www[.]evil.example',
    ],
    ['one two three four', 'one two…', 10],
    ['Donaudampfschiff', 'Donaudamp…', 10],
    ['12345678😀9', '12345678…', 10],
  ])('%j is %j', (text, line, maxLength: number | undefined = undefined) => {
    expect(oneLine(text, maxLength)).toBe(line);
  });

  it('is one line, no longer than wanted, and has no live link, whatever they write', () => {
    const word = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('https://evil.example', '\n', '#', '> ', '@everyone', '<@1>', '😀'),
    );
    const text = fc.array(word).map((words) => words.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 60 }), (written, maxLength) => {
        const line = oneLine(written, maxLength);
        expect(line.length).toBeLessThanOrEqual(maxLength);
        expect(line).not.toMatch(/[\n\r]|:\/\/|<@|@everyone|^#{1,6} |^> /u);
        expect(line.isWellFormed() || !written.isWellFormed()).toBe(true);
      }),
    );
  });
});
