import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ChatService,
  createChatService,
  createLocalModel,
  openSqliteStore,
  type Store,
  type VisionLanguageModel,
} from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';
import { startWebServer, type WebServer } from '@vistazo/web';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchBrowser } from './browser.ts';

const samples = fileURLToPath(new URL('../../packages/web/page/public/samples/', import.meta.url));
const axeSource = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

let folder: string;
let store: Store;
let model: VisionLanguageModel;
let service: ChatService;
let server: WebServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-e2e-'));
  store = await openSqliteStore({ path: join(folder, 'chat.sqlite') });
  model = await createLocalModel({
    model: nanoModelFolder,
  });
  service = await createChatService({ model, store });
  server = await startWebServer({
    service,
    model: model.info,
    port: 0,
    isEmbedded: true,
  });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await service?.close();
  await model?.close();
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-US' });
  page = await context.newPage();
  page.setDefaultTimeout(50_000);
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(server.url);
  await page.waitForSelector('.samples button');
});

afterEach(async () => {
  await context.close();
  expect(faults.splice(0)).toEqual([]);
});

async function ask(question: string, picture?: string): Promise<void> {
  if (picture !== undefined) await page.setInputFiles('#pictures', join(samples, picture));
  await page.fill('#question', question);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.message.assistant[data-status=done]');
}

const answers = () => page.locator('.message.assistant .text');

describe('the chat page in a real browser, answered by the embedded model', () => {
  it('answers about a sample picture chosen and sent by keyboard alone', async () => {
    await page.locator('[data-sample=shapes]').focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.composer .pictures img');
    await page.waitForFunction(() => document.activeElement?.id === 'question');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.message.assistant[data-status=done]');
    expect(await page.locator('.message.user .text').textContent()).toBe(
      'How many shapes are there?',
    );
    expect(await page.locator('.message.user img').count()).toBe(1);
    expect(await answers().first().textContent()).toBe('3');
  });

  it('takes several pictures and shows what the model saw of each', async () => {
    await page.setInputFiles('#pictures', [join(samples, 'shapes.png'), join(samples, 'sign.png')]);
    await ask('Which picture has a circle?');
    await page.click('.seen summary');
    const seen = await page.locator('.seen').textContent();
    expect(seen).toContain('400 × 300 px');
    expect(seen).toContain('480 × 240 px');
    expect(seen).toContain('Tokens per second');
  });

  it('takes a dropped and a pasted picture', async () => {
    const base64 = (await readFile(join(samples, 'sign.png'))).toString('base64');
    for (const kind of ['drop', 'paste'] as const) {
      await page.evaluate(
        async ([type, data]) => {
          const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], 'sign.png', { type: 'image/png' }));
          const event =
            type === 'drop'
              ? new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true })
              : new ClipboardEvent('paste', {
                  clipboardData: transfer,
                  bubbles: true,
                  cancelable: true,
                });
          document.body.dispatchEvent(event);
        },
        [kind, base64] as const,
      );
    }
    await page.waitForFunction(
      () => document.querySelectorAll('.composer .pictures img').length === 2,
    );
  });

  it('keeps conversations over a reload', async () => {
    await ask('What does the sign say?', 'sign.png');
    const answer = await answers().first().textContent();
    await page.reload();
    await page.waitForSelector('.message.assistant[data-status=done]');
    expect(await answers().first().textContent()).toBe(answer);
  });

  it('answers again in another version and goes back to the first', async () => {
    await ask('What color is the circle?', 'shapes.png');
    await page.getByRole('button', { name: 'Answer again' }).click();
    await page.getByText('2 of 2').waitFor();
    await page.getByRole('button', { name: 'Previous version' }).click();
    await page.getByText('1 of 2').waitFor();
  });

  it('edits a question and answers the edited one', async () => {
    await ask('What color is the circle?', 'shapes.png');
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await page.locator('.editor textarea').fill('What color is the triangle?');
    await page.keyboard.press('Enter');
    await page.getByText('2 of 2').waitFor();
    await page.waitForSelector('.message.assistant[data-status=done]');
    expect(await page.locator('.message.user .text').textContent()).toBe(
      'What color is the triangle?',
    );
  });

  it('remembers a thumb and takes it back', async () => {
    await ask('What color is the circle?', 'shapes.png');
    const thumb = page.getByRole('button', { name: 'Good answer' });
    await thumb.click();
    await page.locator('button[aria-label="Good answer"][aria-pressed="true"]').waitFor();
    await thumb.click();
    await page.locator('button[aria-label="Good answer"][aria-pressed="false"]').waitFor();
  });

  it('deletes a message and a conversation', async () => {
    await ask('What color is the circle?', 'shapes.png');
    await page.locator('.message.assistant').getByRole('button', { name: 'Delete' }).click();
    await page.waitForFunction(() => document.querySelector('.message.assistant') === null);
    const before = await page.locator('.side li').count();
    page.once('dialog', (dialog) => dialog.accept());
    await page.locator('.side li[data-current=true] .icon').click();
    await page.waitForFunction(
      (count) => document.querySelectorAll('.side li').length < count,
      before,
    );
    await page.waitForSelector('.welcome');
  });

  it('says in one sentence what is wrong with a file and keeps the draft', async () => {
    await page.setInputFiles('#pictures', {
      name: 'fake.png',
      mimeType: 'image/png',
      buffer: Buffer.from('hello'),
    });
    await page.fill('#question', 'What is this?');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('This is text, not a picture');
    expect(await page.inputValue('#question')).toBe('What is this?');
  });

  it('shows an answer as text, not as markup', async () => {
    await ask('<img src=x onerror=alert(1)> **bold**', 'shapes.png');
    expect(await page.locator('.message.user .text img').count()).toBe(0);
    expect(await page.locator('.message.user .text').textContent()).toBe(
      '<img src=x onerror=alert(1)> **bold**',
    );
  });

  it('speaks Spanish', async () => {
    await page.getByRole('button', { name: 'Español' }).click();
    expect(await page.locator('h1').textContent()).toBe('Enséñame una imagen');
    expect(await page.locator('html').getAttribute('lang')).toBe('es');
  });

  it.each([
    ['light', 1100],
    ['dark', 1100],
    ['light', 340],
    ['dark', 340],
  ] as const)('has no serious accessibility fault in %s at %d px', async (colorScheme, width) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 700 });
    await ask('What color is the circle?', 'shapes.png');
    await page.click('.seen summary');
    const axe = await readFile(axeSource, 'utf8');
    const found = await page.evaluate(
      `${axe}; axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => node.html).slice(0, 3) })))`,
    );
    const serious = (found as { impact: string }[]).filter(({ impact }) =>
      /serious|critical/.test(impact),
    );
    expect(serious).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
