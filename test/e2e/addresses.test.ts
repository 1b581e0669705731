import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from './browser.ts';
import { ask, openScriptedPage } from './page-fixture.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser?.close());

const question = (page: Page) => page.locator('.message.user .text');

/** Asks in a conversation of its own; gives its address. */
async function askAnew(page: Page, text: string): Promise<string> {
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  await page.waitForSelector('.samples button');
  await ask(page, text);
  await page.waitForSelector('.message.assistant[data-status=done]');
  return page.url();
}

async function expectShown(page: Page, text: string): Promise<void> {
  await expect.poll(() => question(page).allTextContents()).toEqual([text]);
}

describe('the address of the chat page', () => {
  it('names the conversation that is shown, whichever way a person gets there', async () => {
    const { page } = await openScriptedPage(browser);
    const start = page.url();
    const first = await askAnew(page, 'First?');
    const second = await askAnew(page, 'Second?');
    expect(new Set([start, first, second]).size).toBe(3);
    await page.goBack();
    await page.waitForSelector('.samples button');
    await page.goBack();
    await expectShown(page, 'First?');
    expect(await page.title()).toBe('First? · Vistazo');
    await page.goForward();
    await page.goForward();
    await expectShown(page, 'Second?');
    await page.evaluate((address) => location.assign(address), first);
    await expectShown(page, 'First?');
    const other = await page.context().newPage();
    await other.goto(second);
    await expectShown(other, 'Second?');
    await page.goBack();
    await expectShown(page, 'Second?');
    expect(await page.locator('.side li[data-current=true]').textContent()).toContain('Second?');
  });

  it('becomes that of a question that is asked while the page still loads', async () => {
    const { page } = await openScriptedPage(browser);
    const asked = Promise.withResolvers<void>();
    const loaded = Promise.withResolvers<void>();
    await page.route('**/api/**', async (route) => {
      const isQuestion = route.request().method() === 'POST';
      if (isQuestion) asked.resolve();
      await (isQuestion ? loaded.promise : asked.promise);
      await route.continue();
    });
    await page.reload();
    const listed = page.waitForResponse((response) => /\/api\/conversations$/.test(response.url()));
    await ask(page, 'First?');
    await (await listed).finished();
    // The page has shown what it loaded before the question arrives.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    loaded.resolve();
    await page.waitForSelector('.message.assistant[data-status=done]');
    await expectShown(page, 'First?');
  });

  it('takes a message to the conversation that it names after a way back', async () => {
    const { page, service } = await openScriptedPage(browser);
    await askAnew(page, 'First?');
    await askAnew(page, 'Second?');
    await page.goBack();
    await page.goBack();
    await expectShown(page, 'First?');
    await ask(page, 'And then?');
    await page.locator('.message.assistant[data-status=done]').nth(1).waitFor();
    expect(await question(page).allTextContents()).toEqual(['First?', 'And then?']);
    expect(await service.listConversations()).toHaveLength(2);
  });

  it.each(['c0ffee00-0000-4000-8000-000000000000', '../session', 'nonsense'])(
    'that names no conversation (%s) leads to a new one, and says so',
    async (id) => {
      const { page } = await openScriptedPage(browser);
      const start = page.url();
      await page.waitForSelector('.samples button');
      await page.evaluate((hash) => {
        location.hash = hash;
      }, id);
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').textContent()).toContain('not there any more');
      await page.waitForSelector('.samples button');
      expect(page.url()).toBe(start);
      await ask(page, 'Hello?');
      await page.waitForSelector('.message.assistant[data-status=done]');
    },
  );
});

describe('a first message that fails', () => {
  it('leaves no empty conversation, and the page where it was', async () => {
    const { page, service } = await openScriptedPage(browser);
    const start = page.url();
    await ask(page, 'x'.repeat(100_001));
    await page.getByRole('alert').waitFor();
    expect(await service.listConversations()).toEqual([]);
    expect(await page.locator('.side li').count()).toBe(0);
    expect(page.url()).toBe(start);
    expect((await page.inputValue('#question')).length).toBe(100_001);
    await page.waitForSelector('.samples button');
  });
});
