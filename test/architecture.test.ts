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

const platformNames = /discord|slack/i;

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

  it('only the folder of a family names it', () => {
    const strays = coreFiles.filter((file) => {
      const inFamilyFolder = /[/\\](idefics3)[/\\]/.test(file);
      return !inFamilyFolder && /smolvlm|nano\b/i.test(readFileSync(file, 'utf8'));
    });
    expect(strays.map((file) => relative(root, file))).toEqual([]);
  });
});
