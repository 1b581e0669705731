import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { badPictures, goodPicture } from '../bad-pictures.ts';
import { pdf } from '../core/media/pdf-files.ts';
import { launchBrowser } from './browser.ts';
import { ask, openScriptedPage } from './page-fixture.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser?.close());

const alert = (page: Page) => page.getByRole('alert');
const done = (page: Page) => page.waitForSelector('.message.assistant[data-status=done]');

async function pick(page: Page, name: string, buffer: Uint8Array, mimeType = ''): Promise<void> {
  await page.setInputFiles('#pictures', { name, mimeType, buffer: Buffer.from(buffer) });
}

describe('the chat page says in one sentence what is wrong, keeps the draft, and answers the next message', () => {
  it.each(badPictures)('$what', async ({ name, make, sentence }) => {
    const { page } = await openScriptedPage(browser);
    await ask(page, 'Hello?');
    await done(page);
    await pick(page, name, await make(), name.endsWith('gif') ? 'image/gif' : 'image/png');
    await ask(page, 'What is it?');
    await alert(page).waitFor();
    expect(await alert(page).textContent()).toBe(sentence);
    expect(await page.inputValue('#question')).toBe('What is it?');
    expect(await page.locator('.message').count()).toBe(2);
    await page.getByRole('button', { name: `Remove picture: ${name}` }).click();
    await page.locator('#question').press('Enter');
    await page.locator('.message.assistant[data-status=done]').nth(1).waitFor();
    expect(await page.locator('.message.user .text').last().textContent()).toBe('What is it?');
    expect(await alert(page).count()).toBe(0);
  });

  it('a message longer than the context', async () => {
    const { page } = await openScriptedPage(browser);
    await ask(page, 'word '.repeat(15_000));
    await page.waitForSelector('.message.assistant[data-status=failed]');
    expect(await page.locator('.failed').textContent()).toMatch(/longer|fit|at most/);
    await ask(page, 'Hello?');
    await done(page);
  });

  it('a message longer than any', async () => {
    const { page } = await openScriptedPage(browser);
    await ask(page, 'x'.repeat(100_001));
    await alert(page).waitFor();
    expect(await alert(page).textContent()).toBe(
      'The message has 100001 characters; at most 100000 are allowed, so shorten it.',
    );
    await ask(page, 'Hello?');
    await done(page);
  });
});

describe('the chat page', () => {
  it('does not send an empty message', async () => {
    const { page, service } = await openScriptedPage(browser);
    await page.waitForSelector('.samples button');
    const send = page.getByRole('button', { name: 'Send' });
    for (const text of ['', '  ', '\n\n']) {
      await page.fill('#question', text);
      expect(await send.isDisabled()).toBe(true);
      await page.locator('#question').press('Enter');
    }
    expect(await service.listConversations()).toEqual([]);
    await page.fill('#question', 'Hello?');
    expect(await send.isDisabled()).toBe(false);
  });

  it('takes a picture with the wrong extension', async () => {
    const { page } = await openScriptedPage(browser);
    await pick(page, 'good.jpg', await goodPicture(), 'image/jpeg');
    await ask(page, 'What is it?');
    await done(page);
    expect(await page.locator('.message.user img').count()).toBe(1);
  });

  it('takes a document, shows its name while it is picked, and then its pages', async () => {
    const { page } = await openScriptedPage(browser);
    await page.waitForSelector('.samples button');
    await pick(page, 'bill.pdf', pdf([{}, { colour: [1, 0, 0] }]), 'application/pdf');
    expect(await page.locator('.composer .pictures').textContent()).toContain('bill.pdf');
    await ask(page, 'What is it?');
    await done(page);
    expect(await page.locator('.message.user img').count()).toBe(2);
  });

  it('takes a picture whose kind the browser does not know', async () => {
    const { page } = await openScriptedPage(browser);
    await page.waitForSelector('.samples button');
    await pick(page, 'shot', await goodPicture(), 'application/octet-stream');
    await ask(page, 'What is it?');
    await done(page);
    expect(await page.locator('.message.user img').count()).toBe(1);
  });

  it('shows transparency on white in the dark theme too, as models see it', async () => {
    const { page } = await openScriptedPage(browser);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForSelector('.samples button');
    const see = { create: { width: 60, height: 40, channels: 4, background: '#0000' } } as const;
    await pick(page, 'glass.png', await sharp(see).png().toBuffer(), 'image/png');
    await ask(page, 'What is it?');
    await done(page);
    const picture = page.locator('.message.user img');
    const colour = await picture.evaluate((image) => getComputedStyle(image).backgroundColor);
    expect(colour).toBe('rgb(255, 255, 255)');
  });

  it('says what to do with a HEIC photograph', async () => {
    const { page } = await openScriptedPage(browser);
    await page.waitForSelector('.samples button');
    await pick(page, 'IMG_1.HEIC', Buffer.from('x'), 'image/heic');
    await expect.poll(() => alert(page).textContent()).toContain('Save it as JPEG');
  });

  it('refuses a file of another kind, one too large and too many when they are picked', async () => {
    const { page } = await openScriptedPage(browser, [], {
      maxUploadBytes: 2 ** 20,
      maxPictures: 2,
    });
    await page.waitForSelector('.samples button');
    await pick(page, 'note.txt', Buffer.from('x'), 'text/plain');
    await expect.poll(() => alert(page).textContent()).toContain('note.txt is not a picture.');
    await pick(page, 'big.png', Buffer.alloc(2 ** 20 + 1), 'image/png');
    await expect.poll(() => alert(page).textContent()).toContain('big.png is larger than 1 MB.');
    const good = await goodPicture();
    for (const name of ['a.png', 'b.png', 'c.png']) await pick(page, name, good, 'image/png');
    await expect.poll(() => alert(page).textContent()).toContain('At most 2 pictures');
    expect(await page.locator('.composer .pictures img').count()).toBe(2);
  });

  it('says it in Spanish to who reads Spanish', async () => {
    const { page } = await openScriptedPage(browser, [], { locale: 'es-ES' });
    for (const { name, make } of badPictures) {
      await pick(page, name, await make(), name.endsWith('gif') ? 'image/gif' : 'image/png');
      await ask(page, '¿Qué es?');
      await alert(page).waitFor();
      expect(await alert(page).textContent()).toMatch(/imagen|animación|archivo/);
      await page.getByRole('button', { name: `Quitar imagen: ${name}` }).click();
    }
    await page.locator('#question').press('Enter');
    await done(page);
  });

  it('names which of several pictures is bad, in Spanish too', async () => {
    const { page } = await openScriptedPage(browser, [], { locale: 'es-ES' });
    await pick(page, 'bien.png', await goodPicture(), 'image/png');
    await pick(page, 'nota.png', Buffer.from('a note'), 'image/png');
    await ask(page, '¿Qué es?');
    await alert(page).waitFor();
    expect(await alert(page).textContent()).toMatch(/^Imagen 2 de 2 \(nota\.png\): /);
  });

  it('tells who gives a wrong secret, and lets in who gives the right one', async () => {
    const secret = 'a secret of many characters';
    const { page } = await openScriptedPage(browser, [], { secret });
    await page.waitForSelector('#secret');
    expect(await alert(page).count()).toBe(0);
    await page.fill('#secret', 'guessed');
    await page.keyboard.press('Enter');
    await alert(page).waitFor();
    expect(await alert(page).textContent()).toBe('That is not the secret.');
    await page.fill('#secret', secret);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.samples button');
  });
});
