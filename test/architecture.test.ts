import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const coreSource = join(root, 'packages/core/src');

/** What each folder of core may import besides itself and `errors`; see docs/architecture.md. */
const allowed: Record<string, readonly string[]> = {
  adapter: ['conversation', 'generation', 'media'],
  'adapter-kit': ['adapter', 'conversation', 'reply'],
  processes: [],
  image: [],
  media: ['image', 'inference', 'processes'],
  conversation: [],
  generation: [],
  inference: ['conversation', 'generation', 'image', 'processes'],
  backend: ['media', 'conversation', 'image', 'inference', 'generation', 'processes'],
  store: ['conversation', 'backend', 'adapter'],
  telemetry: [],
  bot: [
    'adapter',
    'plugin',
    'media',
    'conversation',
    'store',
    'backend',
    'generation',
    'reply',
    'telemetry',
  ],
  reply: [],
  plugin: ['adapter', 'conversation', 'generation', 'media', 'processes', 'store', 'telemetry'],
  testing: ['adapter', 'backend', 'conversation', 'media', 'plugin', 'store', 'bot'],
};

/** Names of a family's models besides its model types. */
const furtherNames: Record<string, readonly string[]> = {
  clip: ['openai/clip', 'clip(?=Config|Image|Model|Family)'],
  idefics3: ['nano\\b'],
  llava: ['vicuna'],
  text: ['smollm'],
};

/** Names of folders and model types that are words of plain English too. */
const plainWords: ReadonlySet<string> = new Set(['text', 'clip']);

const platformNames = /discord|slack/i;

const familyFolder = join(coreSource, 'inference/family');

/** Every family by its folder, with a pattern of the names that its files alone may have. */
const families = readdirSync(familyFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => {
    const folder = join(familyFolder, name, sep);
    const source = readFileSync(join(folder, 'family.ts'), 'utf8');
    const [, types = ''] = /modelTypes: \[([^\]]*)\]/.exec(source) ?? [];
    const modelTypes = [...types.matchAll(/'([^']+)'/g)].map(([, type = '']) => type);
    const names = [...modelTypes, name, ...(furtherNames[name] ?? [])].filter(
      (each) => !plainWords.has(each),
    );
    const words = names.map((each) => each.replace(/[-_ .]/g, '[-_ .]?'));
    const quoted = modelTypes.filter((each) => plainWords.has(each)).map((each) => `'${each}'`);
    const pattern = [...words.map((each) => `\\b${each}(?!\\.cpp)`), ...quoted].join('|');
    return { name, folder, pattern: new RegExp(pattern, 'i') };
  });

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  return [...source.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

function stageOf(file: string): string {
  return relative(coreSource, file).split(sep)[0] ?? '';
}

const coreFiles = sourceFiles(coreSource);

describe('import directions', () => {
  it.each(Object.keys(allowed))('core/%s imports only from the stages before it', (stage) => {
    const strays = coreFiles
      .filter((file) => stageOf(file) === stage)
      .flatMap((file) =>
        importsOf(file)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => ({ file, target: stageOf(resolve(dirname(file), specifier)) })),
      )
      .filter(
        ({ target }) =>
          ![
            stage,
            'errors.js',
            'bounded-cache.js',
            'cache-scopes.js',
            'disk-full.js',
            'scoped-cache.js',
            'unless-aborted.js',
            ...(allowed[stage] ?? []),
          ].includes(target),
      )
      .map(({ file, target }) => `${relative(root, file)} imports ${target}`);
    expect(strays).toEqual([]);
  });

  it('every folder of core has its place in the list', () => {
    const folders = new Set(coreFiles.map(stageOf).filter((stage) => !stage.endsWith('.ts')));
    expect([...folders].filter((folder) => !(folder in allowed))).toEqual([]);
  });

  it('core imports no other package of Vistazo', () => {
    const strays = coreFiles.filter((file) =>
      importsOf(file).some((each) => /^@?vistazo/.test(each)),
    );
    expect(strays).toEqual([]);
  });

  it('packages meet core only through its public entries', () => {
    const deep = ['nano', 'web', 'plugins', 'discord', 'slack', 'cli', 'create-vistazo']
      .flatMap((name) => sourceFiles(join(root, 'packages', name, 'src')))
      .filter((file) =>
        importsOf(file).some((each) => each.includes('core/src') || each.includes('core/dist')),
      );
    expect(deep).toEqual([]);
  });
});

describe('names that core must not know', () => {
  it('core names no platform', () => {
    expect(coreFiles.filter((file) => platformNames.test(readFileSync(file, 'utf8')))).toEqual([]);
  });

  it.each(families)('shared code but the registry does not name the family $name', (family) => {
    const shared = [...coreFiles, ...sourceFiles(join(root, 'packages/web/src'))].filter(
      (file) =>
        // A family may name another one, of which its models are built.
        !families.some(({ folder }) => file.startsWith(folder)) &&
        file !== join(familyFolder, 'registry.ts') &&
        // Servers of models have names of their own, some of which are those of models.
        !file.startsWith(join(coreSource, 'backend/server')),
    );
    const strays = shared.filter((file) => family.pattern.test(readFileSync(file, 'utf8')));
    expect(strays.map((file) => relative(root, file))).toEqual([]);
  });

  it('the pattern of every family finds its model types', () => {
    for (const { folder, pattern } of families) {
      expect(readFileSync(join(folder, 'family.ts'), 'utf8')).toMatch(pattern);
    }
  });
});
