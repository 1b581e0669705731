import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitText } from '../../../packages/core/src/reply/split-text.ts';

const fence = /^ {0,3}(`{3,}|~{3,})/gm;
const withoutSpace = (text: string) => text.replace(/\s+/g, '');
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 600 }),
  fc
    .array(fc.constantFrom('word ', 'a line\n', '\n\n', '👩‍👩‍👧', 'é', 'x'.repeat(150)), {
      maxLength: 80,
    })
    .map((parts) => parts.join('')),
);

describe('a text split into messages', () => {
  it('is left alone when it fits', () => {
    expect(splitText('One.\n\nTwo.', 100)).toEqual(['One.\n\nTwo.']);
  });

  it('is no message when it says nothing', () => {
    expect(splitText(' \n', 100)).toEqual([]);
  });

  it('is cut between paragraphs, else lines, else words', () => {
    const [a, b] = ['a'.repeat(70), 'b'.repeat(70)];
    expect(splitText(`${a}\n\n${b}`, 100)).toEqual([a, b]);
    expect(splitText(`${a}\n${b}`, 100)).toEqual([a, b]);
    expect(splitText(`${a} ${b}`, 100)).toEqual([a, b]);
  });

  it('opens a fence of code again where it was cut, with its language', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `let line${index} = ${index};`);
    const messages = splitText(`See:\n\`\`\`ts\n${lines.join('\n')}\n\`\`\`\nDone.`, 150);
    expect(messages.length).toBeGreaterThan(2);
    for (const message of messages) expect((message.match(fence) ?? []).length % 2).toBe(0);
    expect(messages[1]).toMatch(/^```ts\nlet/);
    expect(messages.join('\n').match(/let line\d+ = \d+;/g)).toEqual(lines);
  });

  it('has no message that is too long or empty, and loses nothing but space', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 100, max: 300 }), (text, maxLength) => {
        const messages = splitText(text, maxLength);
        for (const message of messages) {
          expect(message.length).toBeLessThanOrEqual(maxLength);
          expect(message.trim()).not.toBe('');
          expect(message.isWellFormed()).toBe(text.isWellFormed());
        }
        if (!/[`~]{3}/.test(text)) expect(withoutSpace(messages.join(''))).toBe(withoutSpace(text));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps what earlier messages say while the text grows', () => {
    fc.assert(
      fc.property(anyText, anyText, (text, more) => {
        const before = splitText(text, 100);
        const after = splitText(text + more, 100);
        const settled = before.slice(0, -1);
        expect(after.slice(0, settled.length)).toEqual(settled);
      }),
      { numRuns: 500 },
    );
  });

  it('with any fences in it has no message that is too long', () => {
    const fenced = fc
      .array(fc.constantFrom('```', '~~~~', '`'.repeat(150), '\n', 'ts\n', 'x', ' ', 'word\n'), {
        maxLength: 200,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fenced, fc.integer({ min: 100, max: 200 }), (text, maxLength) => {
        for (const message of splitText(text, maxLength))
          expect(message.length).toBeLessThanOrEqual(maxLength);
      }),
      { numRuns: 500 },
    );
  });
});
