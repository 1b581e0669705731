import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

/** Flags of the packaged browser that would hide faults a person's browser shows. */
const unwanted = /single-process|zygote|web-security|allow-running-insecure|site-per-process/;

/** A real Chromium that comes by npm; nothing has to be installed. */
export async function launchBrowser(): Promise<Browser> {
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [...chromium.args.filter((flag) => !unwanted.test(flag)), '--no-sandbox'],
    headless: true,
  });
}
