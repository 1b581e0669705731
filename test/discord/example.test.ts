import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

const bot = join(import.meta.dirname, '../../examples/discord-image-qa/bot.js');

describe('examples/discord-image-qa', () => {
  it.each([undefined, ''])('ends with one sentence when the token is %o', async (token) => {
    const cwd = await mkdtemp(join(tmpdir(), 'vistazo-example-'));
    onTestFinished(() => rm(cwd, { recursive: true, force: true }));
    const { DISCORD_TOKEN: _, ...others } = process.env;
    const env = { ...others, ...(token !== undefined && { DISCORD_TOKEN: token }) };
    const ended = await new Promise<{ code: unknown; err: string }>((resolve) => {
      execFile(process.execPath, [bot], { cwd, env }, (error, _out, err) =>
        resolve({ code: error?.code, err }),
      );
    });
    expect(ended).toEqual({
      code: 1,
      err: 'The Discord adapter takes either a token or a client; the token is on the page Bot of your application at https://discord.com/developers/applications.\n',
    });
  });
});
