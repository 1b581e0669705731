import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateError } from './create-error.js';

const template = fileURLToPath(new URL('../template', import.meta.url));
/** As it stands in the template, where the bot's own name goes. */
const templateName = 'my-bot';
const filesWithName = ['package.json', 'README.md'];

/**
 * Copies the template into a folder that is not there or empty; gives its path. Throws
 * `option.invalid` for a folder that cannot be used, `file.unreadable` when it cannot be written.
 */
export async function makeBot(given: string): Promise<string> {
  const folder = resolve(given);
  const name = packageName(basename(folder), given);
  await requireEmpty(folder, given);
  try {
    await mkdir(folder, { recursive: true });
    await cp(template, folder, { recursive: true });
    // npm leaves a .gitignore out of a package.
    await rename(join(folder, 'gitignore'), join(folder, '.gitignore'));
    for (const file of filesWithName) await putName(join(folder, file), name);
  } catch (cause) {
    throw unusable('cannot be written', given, cause);
  }
  return folder;
}

async function requireEmpty(folder: string, given: string): Promise<void> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw unusable('cannot be used', given, cause);
  });
  if (names.length > 0)
    throw new CreateError(
      'option.invalid',
      `${given} is not empty; name a folder that is not there yet.`,
    );
}

/** https://docs.npmjs.com/cli/configuring-npm/package-json#name */
function packageName(folderName: string, given: string): string {
  const name = folderName
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 200);
  if (name !== '') return name;
  throw new CreateError(
    'option.invalid',
    `${given} gives no name for a package; use letters and digits, such as my-bot.`,
  );
}

async function putName(file: string, name: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(templateName, name));
}

function unusable(what: string, given: string, cause: unknown): CreateError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CreateError('file.unreadable', `${given} ${what}: ${reason}; name another folder.`, {
    cause,
  });
}
