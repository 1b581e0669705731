import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { goodPicture } from '../bad-pictures.ts';

const bin = fileURLToPath(new URL('../../packages/cli/bin/vistazo.js', import.meta.url));

interface Started {
  child: ChildProcess;
  url: string;
}

/** `vistazo start`, once it says where it is. */
function start(folder: string): Promise<Started> {
  const child = spawn(process.execPath, [bin, 'start', '--port', '0'], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      const url = /at (http:\S+)\n/.exec(out)?.[1];
      if (url !== undefined) resolve({ child, url });
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${out}`)));
  });
}

/** Processes whose parent is `pid`. */
function childrenOf(pid: number | undefined): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid'], { encoding: 'utf8' }).split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([own]) => Number(own));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function json(url: string, init?: RequestInit) {
  return (await fetch(url, init)).json();
}

async function ask(
  conversation: string,
  text: string,
): Promise<ReadableStreamDefaultReader<string>> {
  const body = new FormData();
  body.set('text', text);
  body.append('pictures', new File([new Uint8Array(await goodPicture())], 'good.png'));
  const response = await fetch(`${conversation}/messages`, { method: 'POST', body });
  if (response.body === null) throw new Error('no body');
  return response.body.pipeThrough(new TextDecoderStream()).getReader();
}

async function readUntil(
  reader: ReadableStreamDefaultReader<string>,
  words: string,
): Promise<void> {
  for (let seen = ''; !seen.includes(words); ) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`ended without ${words}: ${seen}`);
    seen += value;
  }
}

it('kill -9 in the middle of an answer loses nothing that was accepted, leaves no process, and the next start answers it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-kill-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const first = await start(folder);
  const { id } = await json(`${first.url}/api/conversations`, { method: 'POST' });
  const reader = await ask(`${first.url}/api/conversations/${id}`, 'Describe the picture.');
  await readUntil(reader, '"accepted"');
  const helpers = childrenOf(first.child.pid);
  expect(helpers.length).toBeGreaterThan(0);
  first.child.removeAllListeners('exit').kill('SIGKILL');
  await expect.poll(() => helpers.filter(isAlive), { timeout: 30_000 }).toEqual([]);
  await reader.cancel().catch(() => {});

  const second = await start(folder);
  const path = `${second.url}/api/conversations/${id}`;
  await expect
    .poll(async () => (await json(path)).messages[1].status, { timeout: 30_000 })
    .toBe('done');
  const { messages } = await json(path);
  expect(messages).toMatchObject([
    { role: 'user', text: 'Describe the picture.', pictures: [{ name: 'good.png' }] },
    { role: 'assistant', status: 'done', text: expect.stringMatching(/./) },
  ]);
  const picture = await fetch(`${second.url}/api/pictures/${messages[0].pictures[0].id}`);
  expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png']);
  await readUntil(await ask(path, 'What color is it?'), '"end"');
  expect((await json(path)).messages).toHaveLength(4);
});
