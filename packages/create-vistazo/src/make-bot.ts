import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateError } from './create-error.js';

const template = fileURLToPath(new URL('../template', import.meta.url));
/** As it stands in the template, where the bot's own name goes. */
const templateName = 'my-bot';
const filesWithName = ['package.json', 'README.md'];

const packedFolder = 'vistazo-packages';

/** How {@link makeBot} makes it. */
export interface MakeBotOptions {
  /**
   * Packs the packages of Vistazo into a folder, and gives the file name of each by its name; the bot then installs
   * those. Default: it installs the published ones.
   */
  pack?: (folder: string) => Record<string, string>;
}

/**
 * Copies the template into a folder that is not there or empty; gives its path. Throws
 * `option.invalid` for a folder that cannot be used, `file.unreadable` when it cannot be written.
 */
export async function makeBot(given: string, { pack }: MakeBotOptions = {}): Promise<string> {
  const folder = resolve(given);
  const name = packageName(basename(folder), given);
  await requireEmpty(folder, given);
  try {
    await mkdir(folder, { recursive: true });
    await cp(template, folder, { recursive: true });
    // npm leaves a .gitignore out of a package.
    await rename(join(folder, 'gitignore'), join(folder, '.gitignore'));
    for (const file of filesWithName) await putName(join(folder, file), name);
    if (pack !== undefined) await usePacked(folder, pack);
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

/** Names the packed files as dependencies, those of which others are made too: the registry has none of them. */
async function usePacked(folder: string, pack: NonNullable<MakeBotOptions['pack']>): Promise<void> {
  await mkdir(join(folder, packedFolder));
  const files = Object.entries(pack(join(folder, packedFolder)));
  const manifestFile = join(folder, 'package.json');
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8'));
  for (const [name, file] of files) manifest.dependencies[name] = `file:${packedFolder}/${file}`;
  await writeFile(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
}

function unusable(what: string, given: string, cause: unknown): CreateError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CreateError('file.unreadable', `${given} ${what}: ${reason}; name another folder.`, {
    cause,
  });
}
