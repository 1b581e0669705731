import { createInterface } from 'node:readline/promises';
import { CreateError } from './create-error.js';

const usualFolder = 'my-bot';

/** Asks the person in the terminal; nobody else is asked. Throws `option.invalid` where there is none. */
export async function askForFolder(): Promise<string> {
  if (process.stdin.isTTY !== true)
    throw new CreateError(
      'option.invalid',
      'Say which folder is to be made, such as npm create vistazo my-bot.',
    );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question(`Folder of the bot (${usualFolder}): `)).trim() || usualFolder;
  } finally {
    terminal.close();
  }
}
