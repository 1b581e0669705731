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
  idefics3: ['nano\\b'],
  llava: ['vicuna'],
  text: ['smollm'],
};

/** Families whose models contain those of others, and may name them. */
const containedIn: Record<string, readonly string[]> = { text: ['qwen2-vl'] };

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
    // The name of the folder is no name of a family where it is a word of plain English.
    const names = [
      ...modelTypes,
      ...(name === 'text' ? [] : [name]),
      ...(furtherNames[name] ?? []),
    ];
    const words = names.map((each) => each.replace(/[-_ .]/g, '[-_ .]?'));
    return { name, folder, pattern: new RegExp(`\\b(${words.join('|')})(?!\\.cpp)`, 'i') };
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

  it.each(families)('only the folder of the family $name and the registry name it', (family) => {
    // Servers of models have names of their own, some of which are those of models.
    const folders = [family.name, ...(containedIn[family.name] ?? [])];
    const shared = [...coreFiles, ...sourceFiles(join(root, 'packages/web/src'))].filter(
      (file) =>
        !folders.some((name) => file.startsWith(join(familyFolder, name, sep))) &&
        file !== join(familyFolder, 'registry.ts') &&
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
