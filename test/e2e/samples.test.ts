import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createChatService, createLocalModel, openSqliteStore } from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { languages } from '../../packages/web/page/src/texts.ts';
import { launchBrowser } from './browser.ts';
import { openScriptedPage } from './page-fixture.ts';

const folder = fileURLToPath(new URL('../../packages/web/page/public/samples/', import.meta.url));

/** What is to be seen on each sample picture. The questions are those of the page. */
const rightAnswers: Record<string, string> = {
  'bar-chart': '42',
  shapes: '3',
  dialog: 'E-2041',
  sign: 'OPEN 24 H',
  whiteboard: '12 + 7 = ?',
};

const names = Object.keys(rightAnswers).sort();

async function newService() {
  const data = await mkdtemp(join(tmpdir(), 'vistazo-samples-'));
  const store = await openSqliteStore({ path: join(data, 'chat.sqlite') });
  const model = await createLocalModel({ model: nanoModelFolder });
  const service = await createChatService({ model, store });
  onTestFinished(async () => {
    await service.close();
    await model.close();
    await store.close();
    await rm(data, { recursive: true, force: true });
  });
  return service;
}

describe('the samples of the chat page', () => {
  it.each(Object.entries(languages))(
    'are answered rightly by the model that comes with Vistazo: %s',
    async (_, { samples }) => {
      expect(Object.keys(samples).sort()).toEqual(names);
      const service = await newService();
      const answers: Record<string, string> = {};
      for (const [name, [, question = '']] of Object.entries(samples)) {
        const bytes = await readFile(join(folder, `${name}.png`));
        const { events } = service.begin({
          text: question,
          pictures: [{ bytes, name: `${name}.png` }],
        });
        for await (const event of events) if (event.type === 'end') answers[name] = event.text;
      }
      expect(answers).toEqual(rightAnswers);
    },
  );

  it('are all that lie there', async () => {
    const files = await readdir(folder);
    expect(files.map((file) => basename(file, '.png')).sort()).toEqual(names);
  });

  describe('in a browser', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser();
    });
    afterAll(() => browser?.close());

    it.each([1100, 375])('are shown whole on a page %d px wide', async (width) => {
      const { page } = await openScriptedPage(browser);
      await page.setViewportSize({ width, height: 740 });
      const pictures = page.locator('.samples img');
      await pictures.first().waitFor();
      const fits = await pictures.evaluateAll((images) =>
        images.map((image) => getComputedStyle(image).objectFit),
      );
      expect(fits).toEqual(names.map(() => 'contain'));
      const { scrolled, heading } = await page.evaluate(() => ({
        scrolled: document.querySelector('.thread')?.scrollTop,
        heading: document.querySelector('h1')?.getBoundingClientRect().top ?? -1,
      }));
      expect(scrolled).toBe(0);
      expect(heading).toBeGreaterThan(0);
    });
  });
});
