import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { goodPicture } from '../bad-pictures.ts';
import { type Result, runVistazo } from './run-vistazo.ts';

const bin = fileURLToPath(new URL('../../packages/cli/bin/vistazo.js', import.meta.url));
const escapeCode = '\u001b[';
const interruptKey = '\u0003';
const promptText = `${escapeCode}0J> `;
const endKey = '\u0004';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-cli-'));
  await writeFile(join(folder, 'good.png'), await goodPicture());
  const message = { role: 'user', content: [{ type: 'image', image: 'good.png' }] };
  const lines = ['nowhere.png', ...Array.from({ length: 500 }, () => 'good.png')].map((image) =>
    JSON.stringify({
      task: 'long',
      messages: [{ ...message, content: [{ type: 'image', image }] }],
      answer: 'x',
    }),
  );
  await writeFile(join(folder, 'long.jsonl'), lines.join('\n'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** An answer of rubbish that does not end by itself for a long time. */
const longAnswer = [
  'ask',
  'Hi',
  '--sample',
  '--temperature',
  '50',
  '--seed',
  '1',
  '--max-new-tokens',
  '3000',
];

describe('Ctrl-C', () => {
  it.each([
    ['ask', longAnswer, ' '],
    ['eval', ['eval', 'long.jsonl'], 'long.jsonl:1:'],
  ])('ends %s with 130 and one line', async (_, args, after) => {
    const result = await runVistazo(args, { cwd: folder, signal: { name: 'SIGINT', after } });
    expect(result.code).toBe(130);
    expect(result.err.split('\n').slice(-2)).toEqual(['Interrupted. [generation.aborted]', '']);
  });

  it('ends start with 0, as it has no other end', async () => {
    const signal = { name: 'SIGINT', after: 'To switch' } as const;
    const result = await runVistazo(['start', '--port', '0'], { cwd: folder, signal });
    expect([result.code, result.err]).toEqual([0, '']);
  });
});

describe('without a terminal', () => {
  it.each([[['doctor']], [['models']], [['ask', 'Hello']], [['ask']]])(
    'nothing has colours or moves: %j',
    async (args) => {
      const { out, err } = await runVistazo(args, { cwd: folder, env: { NO_COLOR: undefined } });
      expect(out + err).not.toContain(escapeCode);
    },
  );
});

describe('help', () => {
  it('lists every command, and every command its options', async () => {
    const { code, out } = await runVistazo(['--help'], { cwd: folder });
    expect(code).toBe(0);
    for (const command of ['start', 'ask', 'chat', 'run', 'eval', 'export', 'models', 'doctor']) {
      expect(out).toMatch(new RegExp(`^  ${command} `, 'm'));
      const own = await runVistazo([command, '--help'], { cwd: folder });
      expect([own.code, own.err]).toEqual([0, '']);
      expect(own.out).toContain(`Usage: vistazo ${command}`);
    }
  });

  it('comes with exit code 2 when no command is given', async () => {
    const { code, out, err } = await runVistazo([], { cwd: folder });
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('Usage: vistazo');
  });
});

describe('a Node too old', () => {
  it('is named in one sentence', async () => {
    const old = join(folder, 'old.cjs');
    const fake = '{ ...process.versions, node: "20.11.1" }';
    await writeFile(old, `Object.defineProperty(process, "versions", { value: ${fake} });`);
    const { status, stdout, stderr } = spawnSync(process.execPath, [
      '--require',
      old,
      bin,
      'doctor',
    ]);
    expect([status, stdout.toString()]).toEqual([1, '']);
    expect(stderr.toString()).toBe(
      'Vistazo needs Node 22.19 or newer, but this is Node 20.11.1; update Node and run it again.\n',
    );
  });
});

/** As terminals are told of one. */
const colour = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`);
const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout));

describe.skipIf(!hasScript)('in a terminal (needs script of util-linux)', () => {
  it('doctor is coloured, but for NO_COLOR', async () => {
    expect((await inTerminal(['doctor'])).out).toMatch(colour);
    // A model that takes long to load shows how far it is, which moves the cursor.
    expect((await inTerminal(['doctor'], { env: { NO_COLOR: '1' } })).out).not.toMatch(colour);
  });

  it('chat prompts, answers, and ends at the end of the input', async () => {
    const keys: [string, string][] = [
      [promptText, 'Hello?\r'],
      [promptText, endKey],
    ];
    const { code, out } = await inTerminal(['chat'], { keys });
    expect(code).toBe(0);
    expect(out).toContain('answers. /picture PATH adds a picture');
  });

  it('Ctrl-C in chat stops the answer, and at the prompt ends with 130', async () => {
    const flags = longAnswer.slice(2);
    const keys: [string, string][] = [
      [promptText, 'Hi\r'],
      [' ', interruptKey],
      [promptText, interruptKey],
    ];
    const { code, out } = await inTerminal(['chat', ...flags], { keys });
    expect(code).toBe(130);
    expect(out).toContain('Interrupted. [generation.aborted]');
  });

  /** Runs it with a terminal of its own, and presses keys when what they wait for was printed since the last. */
  function inTerminal(
    args: string[],
    { env = {}, keys = [] }: { env?: Record<string, string>; keys?: [string, string][] } = {},
  ): Promise<Result> {
    const command = [process.execPath, bin, ...args].map((each) => `'${each}'`).join(' ');
    const { NO_COLOR: _, ...inherited } = process.env;
    return new Promise((resolve) => {
      const child = spawn('script', ['-qefc', command, '/dev/null'], {
        cwd: folder,
        env: { ...inherited, TERM: 'xterm', ...env },
      });
      onTestFinished(() => void child.kill());
      const waiting = [...keys];
      let out = '';
      let read = 0;
      child.stdout.on('data', (chunk) => {
        out += chunk;
        const [next] = waiting;
        const at = next === undefined ? -1 : out.indexOf(next[0], read);
        if (next === undefined || at < 0) return;
        read = out.length;
        waiting.shift();
        child.stdin.write(next[1]);
      });
      child.once('close', (code) => resolve({ code, out, err: '' }));
    });
  }
});
