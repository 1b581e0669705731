import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from './browser.ts';
import { ask, openScriptedPage } from './page-fixture.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser?.close());

describe('the consent that models may learn from a conversation', () => {
  it('is not given until a person gives it, stays over a reload, and can be taken back', async () => {
    const { page, service } = await openScriptedPage(browser);
    const box = page.getByRole('checkbox', { name: 'Models may learn from this conversation' });
    const consents = async () => (await service.listConversations()).map(({ consent }) => consent);
    await ask(page, 'Hello?');
    await page.waitForSelector('.message.assistant[data-status=done]');
    expect([await box.isChecked(), await consents()]).toEqual([false, [false]]);
    await box.check();
    await expect.poll(consents).toEqual([true]);
    await page.reload();
    await box.waitFor();
    expect(await box.isChecked()).toBe(true);
    await box.uncheck();
    await expect.poll(consents).toEqual([false]);
  });

  it('is shown as it was given while the server takes its time, and taken back when it fails', async () => {
    const { page } = await openScriptedPage(browser);
    const box = page.getByRole('checkbox', { name: 'Models may learn from this conversation' });
    const server = Promise.withResolvers<void>();
    await page.route('**/consent', async (route) => {
      await server.promise;
      await route.abort();
    });
    await ask(page, 'Hello?');
    await page.waitForSelector('.message.assistant[data-status=done]');
    await box.check();
    expect(await box.isChecked()).toBe(true);
    server.resolve();
    await page.getByRole('alert').waitFor();
    expect(await box.isChecked()).toBe(false);
  });
});
