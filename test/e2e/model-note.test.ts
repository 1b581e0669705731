import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from './browser.ts';
import { openScriptedPage } from './page-fixture.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser?.close());

describe('the chat page says which model answers, and where messages go', () => {
  it.each([
    [
      'en-US',
      'here',
      'some-vlm answers where the bot runs; messages and pictures go nowhere else.',
    ],
    ['en-US', 'server', 'some-vlm answers, on a server to which messages and pictures are sent.'],
    [
      'es-ES',
      'here',
      'Responde some-vlm donde funciona el bot; mensajes e imágenes no van a otro sitio.',
    ],
    ['es-ES', 'server', 'Responde some-vlm, en un servidor al que se envían mensajes e imágenes.'],
  ] as const)('to a reader of %s when it runs: %s', async (locale, runs, sentence) => {
    const model = { id: 'some-vlm', variant: 'q4', runs };
    const { page } = await openScriptedPage(browser, [], { locale, model });
    await page.getByText(sentence, { exact: true }).waitFor();
    expect(await page.getByText('some-vlm').count()).toBe(1);
  });
});
