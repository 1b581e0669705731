import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../../packages/cli/bin/vistazo.js', import.meta.url));

const saidBy = ({ stderr }: ChildProcess) => (stderr === null ? '' : text(stderr));

describe('vistazo', () => {
  it.skipIf(!existsSync('/dev/full'))('says so when its output goes to a full disk', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [bin, '--help'], { stdio: ['ignore', full, 'pipe'] });
    const [said, [code]] = await Promise.all([saidBy(child), once(child, 'exit')]);
    expect([code, said]).toEqual([
      1,
      'What was to be printed could not be written: the disk is full; free some space. [file.unreadable]\n',
    ]);
  });

  it('is silent when whoever reads its output has seen enough', async () => {
    const child = spawn(process.execPath, [bin, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const [said, [code]] = await Promise.all([saidBy(child), once(child, 'exit')]);
    expect([code, said]).toEqual([0, '']);
  });
});
