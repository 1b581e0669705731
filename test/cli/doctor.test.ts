import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runVistazo } from './run-vistazo.ts';

const testing = pathToFileURL(
  join(import.meta.dirname, '../../packages/core/dist/testing/index.js'),
);

/** What `vistazo doctor` finds of platforms, in a folder with this config. */
async function examine(config: string, args: readonly string[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-doctor-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'bot.config.js'), config);
  const { code, out } = await runVistazo(['doctor', '--json', ...args], { cwd: folder });
  const { findings }: { findings: { what: string; ok: boolean; found: string }[] } =
    JSON.parse(out);
  const names = ['Config', 'street', 'square'];
  return { code, findings: findings.filter(({ what }) => names.includes(what)) };
}

const config = (check: string) => `
import { MemoryAdapter } from '${testing}';
class Street extends MemoryAdapter {
  async check() { ${check} }
}
export default { adapters: [new Street({ name: 'street' }), new MemoryAdapter({ name: 'square' })] };
`;

describe('vistazo doctor in a folder with a config', () => {
  it('says what its platforms find, and is not well where one is not', async () => {
    const check = `return [{ ok: true, sentence: 'It is paved.' }, { ok: false, sentence: 'It is closed; open it.' }];`;
    expect(await examine(config(check))).toEqual({
      code: 1,
      findings: [
        { what: 'Config', ok: true, found: 'bot.config.js can be loaded' },
        { what: 'street', ok: true, found: 'It is paved.' },
        { what: 'street', ok: false, found: 'It is closed; open it.' },
        { what: 'square', ok: true, found: 'cannot tell how it is' },
      ],
    });
  });

  it('is well where all of them are', async () => {
    const { code } = await examine(config('return [];'), ['--config', 'bot.config.js']);
    expect(code).toBe(0);
  });

  it('says so where the config cannot be loaded, or a platform cannot look', async () => {
    const missing = await examine(config('return [];'), ['--config', 'another.js']);
    expect(missing).toMatchObject({ code: 1, findings: [{ what: 'Config', ok: false }] });
    const failing = await examine(config(`throw new Error('No.');`));
    expect(failing.code).toBe(1);
    expect(failing.findings).toContainEqual({
      what: 'street',
      ok: false,
      found: expect.any(String),
    });
  });
});
