import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChatService, createChatService, openSqliteStore } from '@vistazo/core';
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
  const context = await browser.newContext({ locale });
  const faults: string[] = [];
  context.on('page', (each) => {
    each.setDefaultTimeout(50_000);
    each.on('pageerror', (error) => faults.push(error.message));
  });
  onTestFinished(async () => {
    await context.close();
    await service.close();
    await server.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
    expect(faults).toEqual([]);
  });
  const page = await context.newPage();
  await page.goto(server.url);
  return { page, server, service };
}

/** Writes a question and sends it. */
export async function ask(page: Page, question: string): Promise<void> {
  await page.fill('#question', question);
  await page.keyboard.press('Enter');
}
