import inspector from 'node:inspector';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { pictureOf, temporaryFolder } from '../bot/bot-fixture.ts';
import busy from './isolated/busy.ts';
import curious from './isolated/curious.ts';
import hostile from './isolated/hostile.ts';
import { misplaced } from './isolated/no-plugin.ts';
import { plugin, startBot } from './plugin-fixture.ts';

const polite = plugin('polite', ({ onAnswer }) =>
  onAnswer(async (answer, next) => {
    await next();
    answer.text = `${answer.text} Please.`;
  }),
);

describe('an isolated plugin', () => {
  it('sees messages and answers as others do', async () => {
    const { bot, faults } = await startBot([busy({ word: 'Hola' }), polite], { answers: ['Red.'] });
    expect(await bot.ask('Hi!')).toBe('Red. (Hola) Please.');
    expect(bot.model.prompts[0]?.[0]).toEqual({
      role: 'system',
      content: 'You speak with Ana.\n\nSay Hola.',
    });
    expect(await bot.store.pluginStorage('busy', 'tenant').get('last')).toBe('Hi!');
    expect(faults).toEqual([]);
  });

  it('is given typed values about pictures', async () => {
    const { bot } = await startBot([busy({})], {
      answers: [{ pieces: ['{"colour":"blue"}'], confidence: 0.5 }],
    });
    expect(await bot.ask('Look!', { pictures: [await pictureOf(0, 0, 255)] })).toBe(
      '4 letters in some bytes, hash of 16, 50 % sure (Hello)',
    );
  });

  it('has commands, whose options are checked', async () => {
    const { bot } = await startBot([busy({})]);
    await bot.ask('Hi!');
    expect(await bot.ask('/count to=3')).toBe('3, after Hi! (Hello)');
    expect(await bot.ask('/count to=10')).toMatch(
      /^The option to of \/count is not right: Too big/,
    );
    expect(await bot.ask('/count to=0')).toBe('Yes. (Hello)');
    expect(bot.model.prompts.at(-1)?.[0]?.content).toMatch(/Say zero\.$/);
  });

  it('has buttons below what it says and announces, which call its own commands alone', async () => {
    const { bot, faults } = await startBot([busy({})], {}, { buttons: true });
    await bot.ask('Hi!');
    expect(await bot.ask('/count to=-2')).toBe('Below. (Hello)');
    expect(await bot.press('Next')).toBe('Below. (Hello)');
    expect(bot.adapter.posts.at(-1)?.actions).toEqual([
      { label: 'Next', command: { name: 'count', options: { to: 0 } } },
    ]);
    expect(await bot.ask('/count to=9')).toMatch(/^The command \/count failed/);
    expect(faults).toEqual([
      'busy: The plugin busy failed: The actions of the plugin busy are not valid: "Next" calls /die; the plugin has [/count].',
    ]);
    await bot.clock.advance(3_600_000);
    await bot.idle();
    expect(bot.adapter.posts.at(-1)?.text).toMatch(/^Digest/);
    expect(await bot.press('Next')).toBe('1, after /count to=9 (Hello)');
  });

  it('is told of feedback, works at its times, and keeps values from start to stop', async () => {
    const { bot } = await startBot([busy({})]);
    const values = bot.store.pluginStorage('busy', 'tenant');
    expect(await values.get('started')).toBe(true);
    await bot.ask('Hi!');
    await bot.rate('up');
    await vi.waitFor(async () => expect(await values.get('rating')).toBe('up'), 20_000);
    await bot.clock.advance(3_600_000);
    await bot.idle();
    expect(bot.adapter.posts.at(-1)?.text).toBe(
      'Digest of 2026-01-01T01:00:00.000Z\n\nNext: /count to=1',
    );
    await bot.plugins.reload([]);
    expect(await values.get('stopped')).toBe(true);
  });

  it('is told what is to be forgotten', async () => {
    const { bot } = await startBot([busy({})]);
    await bot.forget({ tenant: 'tenant', person: { adapter: 'memory', id: 'ana' } });
    const values = bot.store.pluginStorage('busy', 'tenant');
    expect(await values.get('forgotten')).toBe('person Hello');
  });

  it('answers requests, and tells operators what it does', async () => {
    const lines: string[] = [];
    const { bot } = await startBot([busy({})], {
      log: { destination: { write: (line) => void lines.push(line) } },
    });
    const request = new Request('http://bot.example/plugins/busy/echo', {
      method: 'POST',
      body: 'Hello!',
    });
    const response = await bot.fetch(request);
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ said: 'Hello!' });
    await vi.waitFor(async () => {
      expect(await bot.metrics()).toContain('\nvistazo_plugin_busy_echoes_total 1\n');
      expect(lines.join('')).toMatch(/"plugin":"busy","method":"POST","msg":"echoed"/);
    }, 20_000);
  });

  it('has tools, whose input is checked', async () => {
    const calls = ['{"number":4}', '{"number":"four"}'];
    const toolCalls = calls.map((input) => ({ name: 'double', input }));
    const { bot } = await startBot([busy({})], {
      answers: [{ pieces: [], toolCalls }, 'Eight.'],
      tools: { allow: ['double'] },
    });
    expect(await bot.ask('Twice four?')).toBe('Eight. (Hello)');
    expect(bot.model.options.at(-1)?.tools?.rounds[0]?.results).toEqual([
      '{"doubled":8,"keyed":true}',
      expect.stringMatching(/^The input is not right: number: /),
    ]);
  });

  it.each([
    ['read', /^It could not read: Access to this API has been restricted/],
    ['write', /^It could not write: Access to this API has been restricted/],
    ['spawn', /^It could not spawn: Access to this API has been restricted/],
    ['environment', /^It could not environment: There is no such variable/],
  ])('has no way out of its folder: %s', async (what, answer) => {
    process.env.VISTAZO_TEST_SECRET = 'secret';
    onTestFinished(() => {
      delete process.env.VISTAZO_TEST_SECRET;
    });
    const path = join(await temporaryFolder(), 'file.txt');
    const { bot } = await startBot([curious({ path })]);
    expect(await bot.ask(`/try what=${what}`)).toMatch(answer);
  });

  it.each([
    ['hang', /curious failed: It took too long/, { pluginTimeoutMs: 5000 }],
    ['die', /The process of the plugin curious ended/, {}],
    ['throw', /curious failed: of itself/, {}],
  ])('may %s: it is reported, and lives again', async (what, fault, limits) => {
    const { bot, faults } = await startBot([curious({ path: '/dev/null' })], { limits });
    expect(await bot.ask(`/try what=${what}`)).toBe(
      'The command /try failed; please try again later.',
    );
    expect(faults).toEqual([expect.stringMatching(fault)]);
    await vi.waitFor(
      async () => expect(await bot.ask('/try what=environment')).toMatch(/^It could not/),
      { timeout: 50_000, interval: 500 },
    );
  });

  it.each(['null', 'strange', 'garbage', 'long', 'log', 'metrics', 'help'])(
    'that sends what or more than it may is killed, ends nothing and lives again: %s',
    async (by) => {
      const { bot, faults } = await startBot([hostile({})], {
        limits: { pluginTimeoutMs: 20_000 },
      });
      expect(await bot.ask(`/trick by=${by}`)).toMatch(/failed; please try again later/);
      expect(faults).toEqual([
        expect.stringMatching(/^hostile: The process of the plugin hostile was killed: it sent /),
      ]);
      expect((await bot.metrics()).length).toBeLessThan(100_000);
      expect(await bot.ask('/reach by=signal')).toMatch(/reaches no other process/);
    },
  );

  it.runIf(process.platform === 'linux')('that holds too much memory is killed', async () => {
    const { bot, faults } = await startBot([hostile({})], { limits: { pluginTimeoutMs: 20_000 } });
    expect(await bot.ask('/trick by=memory')).toMatch(/failed; please try again later/);
    expect(faults).toEqual([expect.stringMatching(/was killed: it held too much memory/)]);
  });

  it('cannot signal the bot, open its inspector or take its priority', async () => {
    const { bot } = await startBot([hostile({})]);
    for (const by of ['signal', 'debug', 'priority'])
      expect(await bot.ask(`/reach by=${by}`)).toMatch(/reaches no other process/);
    // Whoever else sends the signal that opens an inspector finds it off.
    process.kill(process.pid, 'SIGUSR1');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(inspector.url()).toBeUndefined();
  });

  it('that its module does not export is left out', async () => {
    const { faults } = await startBot([misplaced({})]);
    expect(faults).toEqual([
      expect.stringMatching(/The default export of .* is not what definePlugin gives/),
    ]);
  });
});
