import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Bot,
  type ChatService,
  createBot,
  createChatPlatform,
  createChatService,
  MediaProcess,
  openSqliteStore,
} from '@vistazo/core';
import { startWebServer, type WebServer, type WebServerOptions } from '@vistazo/web';
import type { Browser, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { type Script, ScriptedModel } from '../../packages/core/src/testing/scripted-model.ts';

/** A page whose answers are scripted; everything else is as in production. */
export interface ScriptedPage {
  page: Page;
  server: WebServer;
  service: ChatService;
}

/** Opens a page that is gone after the test, which fails when a script of the page did. */
export async function openScriptedPage(
  browser: Browser,
  scripts: Script[] = [],
  { locale = 'en-US', ...options }: Partial<WebServerOptions> & { locale?: string } = {},
): Promise<ScriptedPage> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-e2e-'));
  const store = await openSqliteStore({ path: join(folder, 'chat.sqlite') });
  const service = await createChatService({ model: new ScriptedModel(scripts), store });
  const server = await startWebServer({ service, model: service.model, port: 0, ...options });
  // Before the page is closed: what is opened last is closed first.
  onTestFinished(async () => {
    await service.close();
    await server.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { page: await openPage(browser, server.url, locale), server, service };
}

/** A page whose bot can be started again, as a process that ends and another one. */
export interface RestartablePage {
  page: Page;
  /** Ends the bot where it is, and the server with it. */
  stop(): Promise<void>;
  /** Starts a bot that answers by scripts, at the address and on the store of the one before. */
  start(scripts: Script[]): Promise<void>;
}

/** Opens a page of a bot that answers one question at a time by scripts, and starts again as it is told. */
export async function openRestartablePage(
  browser: Browser,
  scripts: Script[],
): Promise<RestartablePage> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-e2e-'));
  const store = await openSqliteStore({ path: join(folder, 'chat.sqlite') });
  const media = new MediaProcess();
  let running: { bot: Bot; server: WebServer } | undefined;
  let port = 0;
  const stop = async () => {
    await running?.server.close();
    await running?.bot.stop({ drainMs: 0 });
    running = undefined;
  };
  const start = async (answers: Script[]) => {
    const model = new ScriptedModel(answers);
    const {
      adapter,
      service,
      media: checked,
    } = createChatPlatform({
      model: model.info,
      store,
      media,
    });
    const bot = createBot({
      model,
      store,
      media: checked,
      adapters: [adapter],
      log: { level: 'silent' },
      limits: { maxConcurrentAnswers: 1 },
    });
    await bot.start();
    const server = await startWebServer({ service, model: model.info, port });
    port = Number(new URL(server.url).port);
    running = { bot, server };
  };
  onTestFinished(async () => {
    await stop();
    await media.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  await start(scripts);
  const page = await openPage(browser, `http://127.0.0.1:${port}`, 'en-US');
  return { page, stop, start };
}

async function openPage(browser: Browser, url: string, locale: string): Promise<Page> {
  const context = await browser.newContext({ locale });
  const faults: string[] = [];
  context.on('page', (each) => {
    each.setDefaultTimeout(50_000);
    each.on('pageerror', (error) => faults.push(error.message));
  });
  onTestFinished(async () => {
    await context.close();
    expect(faults).toEqual([]);
  });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** Writes a question and sends it. */
export async function ask(page: Page, question: string): Promise<void> {
  await page.fill('#question', question);
  await page.keyboard.press('Enter');
}
