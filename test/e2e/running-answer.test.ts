import { setTimeout as sleep } from 'node:timers/promises';
import { VistazoError } from '@vistazo/core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Script } from '../../packages/core/src/testing/scripted-model.ts';
import { launchBrowser } from './browser.ts';
import { ask as askOn, openScriptedPage, type ScriptedPage } from './page-fixture.ts';

/** Longer than the store waits between writing the growing text. */
const pieceMs = 600;
const pieces = ['One', ' two', ' three', ' four', ' five.'];

let browser: Browser;
let page: Page;
let server: ScriptedPage['server'];

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser?.close());

async function start(...scripts: Script[]): Promise<void> {
  ({ page, server } = await openScriptedPage(browser, scripts));
}

/** An answer that grows slowly up to its fourth piece, and goes on when told. */
function slowScript(): { script: Script; goOn: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const gate = (index: number) => (index < 3 ? sleep(pieceMs) : promise);
  return { script: { pieces, gate }, goOn: resolve };
}

async function ask(question: string): Promise<void> {
  await askOn(page, question);
  await page.locator('.message.user', { hasText: question }).waitFor();
}

const answer = (on = page) => on.locator('.message.assistant');

/** Waits until the answer has this text, no more and no less. */
async function expectAnswer(text: string, on = page): Promise<void> {
  await expect
    .poll(() => answer(on).locator('.text').textContent(), { timeout: 60_000 })
    .toBe(text);
}

async function expectDone(on = page): Promise<void> {
  await on.waitForSelector('.message.assistant[data-status=done]');
  expect(await answer(on).locator('.text').textContent()).toBe(pieces.join(''));
  await on.getByRole('button', { name: 'Send' }).waitFor();
}

describe('an answer that is still running', () => {
  it('is followed to its end by a page that was loaded anew', async () => {
    const { script, goOn } = slowScript();
    await start(script);
    await ask('How many?');
    await expectAnswer('One two three');
    await page.reload();
    await expectAnswer('One two three');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    goOn();
    await expectDone();
  });

  it('can be stopped from a page that was loaded anew', async () => {
    await start(slowScript().script);
    await ask('How many?');
    await expectAnswer('One two three');
    await page.reload();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.waitForSelector('.message.assistant[data-status=stopped]');
    expect(await answer().locator('.text').textContent()).toBe('One two three');
    await ask('And now?');
    await page.waitForSelector('.message.assistant[data-status=done]');
  });

  it('is shown on two pages at once', async () => {
    const { script, goOn } = slowScript();
    await start(script);
    await ask('How many?');
    const other = await page.context().newPage();
    await other.goto(page.url());
    await expectAnswer('One two three', other);
    goOn();
    await expectDone(other);
    await expectDone();
  });

  it('is whole after a look at another conversation, where a question is answered meanwhile', async () => {
    const { script, goOn } = slowScript();
    await start(script, { pieces: ['Yes.'] });
    await ask('How many?');
    await expectAnswer('One');
    await page.getByRole('button', { name: 'New conversation' }).first().click();
    await page.waitForSelector('.welcome');
    await ask('Really?');
    await page.waitForSelector('.message.assistant[data-status=done]');
    await expectAnswer('Yes.');
    await page.locator('.side li', { hasText: 'How many?' }).getByRole('button').first().click();
    await expectAnswer('One two three');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    goOn();
    await expectDone();
  });

  it('that fails after the page was loaded anew says why, and the next question is answered', async () => {
    const { script, goOn } = slowScript();
    const error = new VistazoError('engine.crashed', 'The engine ended; ask again.');
    await start({ ...script, error });
    await ask('How many?');
    await expectAnswer('One two three');
    await page.reload();
    await expectAnswer('One two three');
    goOn();
    await page.waitForSelector('.message.assistant[data-status=failed]');
    expect(await answer().locator('.failed').textContent()).toBe(
      'The model stopped while it answered. Ask again.',
    );
    await ask('And now?');
    await page.waitForSelector('.message.assistant[data-status=done]');
  });

  it('that is lost with the server leaves one sentence, and no question twice', async () => {
    await start(slowScript().script);
    await ask('How many?');
    await expectAnswer('One two three');
    await server.close();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('The bot cannot be reached.');
    expect(await page.inputValue('#question')).toBe('');
  });
});
