import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createTestBot } from '@vistazo/core/testing';
import { describe, expect, it } from 'vitest';
import { StandardError } from '../../../packages/core/src/telemetry/standard-error.ts';

/** A disk with room for so many bytes, and what is on it. */
class Disk {
  text = '';
  constructor(public roomBytes: number) {}

  readonly writeSome = (bytes: Uint8Array): number => {
    const written = Math.min(this.roomBytes, bytes.length);
    if (written === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    this.roomBytes -= written;
    this.text += Buffer.from(bytes.subarray(0, written)).toString();
    return written;
  };
}

const botProcess = fileURLToPath(new URL('./answering-bot.mjs', import.meta.url));

describe('a log that cannot be written', () => {
  it.skipIf(!existsSync('/dev/full'))(
    'neither ends a bot nor keeps it from answering',
    async () => {
      const full = openSync('/dev/full', 'w');
      const bot = spawn(process.execPath, [botProcess], { stdio: ['ignore', 'pipe', full] });
      let said = '';
      bot.stdout?.on('data', (text) => {
        said += text;
      });
      expect(await once(bot, 'exit')).toEqual([0, null]);
      expect(said).toBe('Yes. Yes. Yes.');
    },
  );

  it('does so too where an operator gave what throws', async () => {
    const destination = {
      write: () => {
        throw new Error('full');
      },
    };
    await using bot = await createTestBot({ log: { level: 'debug', destination } });
    expect(await bot.ask('Hi')).toBe('Yes.');
  });

  it('says how many lines are lost once there is space, and cuts into no other line', () => {
    const disk = new Disk(30);
    const log = new StandardError(disk.writeSome);
    for (const number of [1, 2, 3, 4]) log.write(`{"msg":"line ${number}"}\n`);
    disk.roomBytes = 10_000;
    log.write('{"msg":"line 5"}\n');
    const [first, cut, lost, last, ...rest] = disk.text.split('\n');
    expect([first, last, rest]).toEqual(['{"msg":"line 1"}', '{"msg":"line 5"}', ['']]);
    expect('{"msg":"line 2"}'.startsWith(cut ?? 'nothing')).toBe(true);
    expect(JSON.parse(lost ?? '')).toMatchObject({ msg: 'log lines lost', lines: 3, level: 40 });
  });

  it('waits for a reader that is behind, and loses nothing that there is room for', async () => {
    const disk = new Disk(10_000_000);
    let isBusy = true;
    const log = new StandardError((bytes) => {
      if (isBusy) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
      return disk.writeSome(bytes.subarray(0, 7));
    });
    log.write('one\n');
    log.write('two two two\n');
    isBusy = false;
    await expect.poll(() => disk.text).toBe('one\ntwo two two\n');
    isBusy = true;
    for (let number = 0; number < 3000; number++) log.write(`${'x'.repeat(999)}\n`);
    isBusy = false;
    const written = () => disk.text.split('\n').length;
    await expect.poll(written).toBeGreaterThan(1000);
    const lines = 3000 - (written() - 3);
    log.write('after\n');
    expect(disk.text.slice(-200)).toMatch(
      new RegExp(`x\n\\{.*"lines":${lines},"msg":"log lines lost"\\}\nafter\n$`),
    );
  });
});
