import { expect, it } from 'vitest';
import { GrowingText } from '../../../packages/core/src/bot/growing-text.ts';

function showing(texts: string[], costMs = 0): GrowingText {
  return new GrowingText((text) => {
    texts.push(text);
    for (const until = performance.now() + costMs; performance.now() < until; );
  });
}

it('a short text is shown at every step', () => {
  const shown: string[] = [];
  const growing = showing(shown, 2);
  for (const text of ['a', 'ab', 'abc']) growing.set(text);
  expect(shown).toEqual(['a', 'ab', 'abc']);
});

it('a long text that is slow to show is shown at few of its steps, and whole at its end', () => {
  const shown: string[] = [];
  const growing = showing(shown, 20);
  const long = 'a'.repeat(10_000);
  for (let step = 0; step < 500; step += 1) growing.set(`${long}${step}`);
  growing.flush();
  expect(shown.at(-1)).toBe(`${long}499`);
  expect(shown.length).toBeLessThan(100);
});

it('what was left out of a long text is shown soon, also when nothing more comes', async () => {
  const shown: string[] = [];
  const growing = showing(shown, 2);
  const long = 'a'.repeat(10_000);
  growing.set(`${long}1`);
  growing.set(`${long}2`);
  await expect.poll(() => shown).toEqual([`${long}1`, `${long}2`]);
});
