import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Script } from '../../packages/core/src/testing/scripted-model.ts';
import { launchBrowser } from './browser.ts';
import { ask, openRestartablePage } from './page-fixture.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser?.close());

/** An answer that is never whole. */
const endless: Script = { pieces: ['Half', ' an answer'], gate: new Promise<void>(() => {}) };

const answers = (page: Page) => page.locator('.message.assistant .text');
const unreachable = (page: Page) => page.getByText('The bot cannot be reached.');

async function textsOf(page: Page): Promise<(string | null)[]> {
  return page.locator('.message .text').allTextContents();
}

describe('where an answer takes its time, or the bot is started again', () => {
  it('the page shows that it is away, then the answer that was interrupted, without a reload', async () => {
    const { page, stop, start } = await openRestartablePage(browser, [endless]);
    await ask(page, 'How many?');
    await expect.poll(() => answers(page).allTextContents()).toEqual(['Half']);
    await stop();
    await unreachable(page).waitFor();
    await start([{ pieces: ['Twelve', '.'] }]);
    await page.waitForSelector('.message.assistant[data-status=done]');
    expect(await textsOf(page)).toEqual(['How many?', 'Twelve.']);
    expect(await unreachable(page).count()).toBe(0);
    await page.getByRole('button', { name: 'Send' }).waitFor();
  });

  it('a question that waits is shown as waiting before and after, and answered in its turn', async () => {
    const { page, stop, start } = await openRestartablePage(browser, [endless]);
    await ask(page, 'First?');
    await expect.poll(() => answers(page).allTextContents()).toEqual(['Half']);
    await page.getByRole('button', { name: 'New conversation' }).first().click();
    await ask(page, 'Second?');
    const waiting = page.locator('.message[data-status=waiting]');
    await waiting.waitFor();
    expect(await waiting.textContent()).toContain('Second?');
    expect(await waiting.textContent()).toContain('Waiting for its turn');
    await stop();
    await unreachable(page).waitFor();
    let goOn = () => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    await start([{ pieces: ['One', '.'], gate }, { pieces: ['Two.'] }]);
    await unreachable(page).waitFor({ state: 'detached' });
    expect(await waiting.count()).toBe(1);
    await page.reload();
    await waiting.waitFor();
    goOn();
    await page.waitForSelector('.message.assistant[data-status=done]');
    expect(await textsOf(page)).toEqual(['Second?', 'Two.']);
  });

  it('a question of another page that waits behind this one is shown here too, and answered', async () => {
    const first = Promise.withResolvers<void>();
    const { page } = await openRestartablePage(browser, [
      { pieces: ['Zero.'] },
      { pieces: ['One', '.'], gate: first.promise },
      { pieces: ['Two.'] },
    ]);
    await ask(page, 'Begin?');
    await page.waitForSelector('.message.assistant[data-status=done]');
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.waitForSelector('.message.assistant[data-status=done]');
    await ask(page, 'First?');
    await expect.poll(() => answers(page).allTextContents()).toEqual(['Zero.', 'One']);
    await ask(other, 'Second?');
    await other.waitForSelector('.message[data-status=waiting]');
    first.resolve();
    const all = ['Begin?', 'Zero.', 'First?', 'One.', 'Second?', 'Two.'];
    for (const each of [page, other]) await expect.poll(() => textsOf(each)).toEqual(all);
    await page.getByRole('button', { name: 'Send' }).waitFor();
  });

  it('a draft that could not be sent is kept, and sent when the bot is back', async () => {
    const { page, stop, start } = await openRestartablePage(browser, []);
    await page.waitForSelector('.samples button');
    await stop();
    await ask(page, 'How many?');
    await unreachable(page).waitFor();
    await expect.poll(() => page.inputValue('#question')).toBe('How many?');
    await start([{ pieces: ['Twelve.'] }]);
    await unreachable(page).waitFor({ state: 'detached' });
    expect(await page.locator('.side li').count()).toBe(0);
    await page.press('#question', 'Enter');
    await page.waitForSelector('.message.assistant[data-status=done]');
    expect(await textsOf(page)).toEqual(['How many?', 'Twelve.']);
  });

  it('a page that was opened while it was away shows the conversation of its address', async () => {
    const { page, stop, start } = await openRestartablePage(browser, [{ pieces: ['Twelve.'] }]);
    await ask(page, 'How many?');
    await page.waitForSelector('.message.assistant[data-status=done]');
    // The page itself is there, as when it is restored from the memory of the browser.
    await page.route('**/api/**', (route) => route.abort());
    await page.reload();
    await unreachable(page).waitFor();
    await stop();
    await start([]);
    await page.unroute('**/api/**');
    await page.waitForSelector('.message.assistant[data-status=done]');
    expect(await textsOf(page)).toEqual(['How many?', 'Twelve.']);
  });
});
