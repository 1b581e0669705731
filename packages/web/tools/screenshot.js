// Takes the picture of the README from a running chat page: node tools/screenshot.js http://127.0.0.1:8787
import { fileURLToPath } from 'node:url';
import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';

const path = fileURLToPath(new URL('../../../docs/images/chat-page.png', import.meta.url));
const browser = await playwright.launch({
  executablePath: await chromium.executablePath(),
  args: [...chromium.args.filter((flag) => !/single-process|zygote/.test(flag)), '--no-sandbox'],
});
const page = await browser.newPage({ viewport: { width: 1100, height: 720 } });
await page.goto(process.argv[2] ?? 'http://127.0.0.1:8787');
await page.click('[data-sample=bar-chart]');
await page.waitForSelector('.composer .pictures img');
await page.keyboard.press('Enter');
await page.waitForSelector('.message.assistant[data-status=done]');
await page.click('.seen summary');
await page.screenshot({ path });
await browser.close();
