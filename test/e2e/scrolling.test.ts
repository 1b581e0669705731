import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from './browser.ts';
import { ask, openScriptedPage } from './page-fixture.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser?.close());

/** An answer that says one piece more whenever it is told. */
function toldScript(pieces: string[]) {
  const waiting = pieces.map(() => Promise.withResolvers<void>());
  let said = 0;
  const gate = async (index: number) => waiting[index - 1]?.promise;
  return { script: { pieces, gate }, sayMore: () => waiting[said++]?.resolve() };
}

const lines = (count: number) => `${'A line of the answer.\n'.repeat(count)}`;
const thread = (page: Page) => page.locator('.thread');
const topOf = (page: Page) => thread(page).evaluate((element) => element.scrollTop);
const textLength = (page: Page) =>
  page
    .locator('.message.assistant .text')
    .last()
    .evaluate((element) => element.textContent?.length ?? 0);

/** How many pixels of something lie below where the thread ends and the composer begins. */
async function hiddenPx(page: Page, part: Locator): Promise<number> {
  const [inside, room] = await Promise.all([part.boundingBox(), thread(page).boundingBox()]);
  if (inside === null || room === null) throw new Error('It is not shown at all.');
  return Math.max(0, Math.round(inside.y + inside.height - (room.y + room.height)));
}

describe.each([
  ['a wide page', 1100],
  ['a telephone', 375],
] as const)('the thread on %s', (_, width) => {
  it('is left where a reader scrolled to while an answer grows, and follows again from its end', async () => {
    const { script, sayMore } = toldScript([lines(60), lines(20), lines(20), lines(20)]);
    const { page } = await openScriptedPage(browser, [script]);
    await page.setViewportSize({ width, height: 600 });
    await ask(page, 'How many?');
    await expect.poll(() => textLength(page)).toBeGreaterThan(1000);
    const answer = page.locator('.message.assistant .text');
    await expect.poll(() => topOf(page)).toBeGreaterThan(500);
    const { x = 0, y = 0 } = (await thread(page).boundingBox()) ?? {};
    await page.mouse.move(x + 100, y + 100);
    const before = await topOf(page);
    // No more than one turn of a wheel.
    await page.mouse.wheel(0, -60);
    await expect.poll(() => topOf(page)).toBeLessThan(before);
    const left = await topOf(page);
    const long = await textLength(page);
    sayMore();
    await expect.poll(() => textLength(page)).toBeGreaterThan(long);
    expect(await topOf(page)).toBe(left);
    await page.mouse.wheel(0, 10_000);
    await expect.poll(() => hiddenPx(page, answer)).toBe(0);
    const longer = await textLength(page);
    sayMore();
    await expect.poll(() => textLength(page)).toBeGreaterThan(longer);
    await expect.poll(() => hiddenPx(page, answer)).toBe(0);
    sayMore();
    await page.waitForSelector('.message.assistant[data-status=done]');
  });

  it('shows what comes below an answer above the composer, which may grow', async () => {
    const { page } = await openScriptedPage(browser, [{ pieces: [lines(60)] }]);
    await page.setViewportSize({ width, height: 600 });
    await ask(page, 'How many?');
    await page.waitForSelector('.message.assistant[data-status=done]');
    const consent = page.locator('.consent');
    await expect.poll(() => hiddenPx(page, consent)).toBe(0);
    await page.click('.seen summary');
    await expect.poll(() => hiddenPx(page, consent)).toBe(0);
    await page.fill('#question', 'Line\n'.repeat(6));
    await expect.poll(() => hiddenPx(page, consent)).toBe(0);
  });

  it('has the consent box in the column of the messages', async () => {
    const { page } = await openScriptedPage(browser);
    await page.setViewportSize({ width, height: 600 });
    await ask(page, 'How many?');
    await page.waitForSelector('.message.assistant[data-status=done]');
    const [box, messages] = await Promise.all([
      page.locator('.consent').boundingBox(),
      page.locator('.thread ol').boundingBox(),
    ]);
    expect(box?.x).toBe(messages?.x);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(
      (messages?.x ?? 0) + (messages?.width ?? 0),
    );
  });
});
