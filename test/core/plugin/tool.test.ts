import type { ToolRequest, ToolRules } from '@vistazo/core';
import { ScriptedModel, type TestBotOptions } from '@vistazo/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anyText } from '../../any-text.ts';
import { plugin, startBot } from './plugin-fixture.ts';

interface Run {
  tool: string;
  input: unknown;
  callKey: string;
}

const weatherInput = z.object({ city: z.string().min(1), days: z.int().min(1).max(3).default(1) });

/** A plugin with two tools that note how they were run. */
function weather(runs: Run[] = []) {
  return plugin('weather', ({ tool }) => {
    tool({
      name: 'forecast',
      description: 'The weather of a city',
      input: weatherInput,
      run(input, { callKey }) {
        runs.push({ tool: 'forecast', input, callKey });
        return { city: input.city, weather: 'rain' };
      },
    });
    tool({
      name: 'drop_tables',
      description: 'Does harm',
      input: z.object({}),
      run(input, { callKey }) {
        runs.push({ tool: 'drop_tables', input, callKey });
        return 'Gone.';
      },
    });
  });
}

const calling = (name: string, input: string, said: string[] = []) => ({
  pieces: said,
  toolCalls: [{ name, input }],
});
function chunks<Each>(all: readonly Each[], size: number): Each[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, index) => all.slice(index * size, (index + 1) * size));
}
const rounds = (model: ScriptedModel) => model.options.at(-1)?.tools?.rounds ?? [];
const allowed: ToolRules = { allow: ['forecast'] };

async function startWeather(answers: TestBotOptions['answers'], tools: ToolRules = allowed) {
  const runs: Run[] = [];
  const started = await startBot([weather(runs)], { ...(answers && { answers }), tools });
  return { ...started, runs };
}

describe('a tool of a plugin', () => {
  it('is offered to the model with its schema, and the model goes on with what came of it', async () => {
    const { bot, runs } = await startWeather([
      calling('forecast', '{"city":"Lima"}', ['Let me ', 'look.']),
      'It rains.',
    ]);
    expect(await bot.ask('How is it in Lima?')).toBe('Let me look.\n\nIt rains.');
    expect(runs).toMatchObject([{ input: { city: 'Lima', days: 1 } }]);
    const [first, second] = bot.model.options.map((options) => options?.tools);
    expect(first).toMatchObject({
      offered: [
        {
          name: 'forecast',
          description: 'The weather of a city',
          inputSchema: { type: 'object', required: ['city'] },
        },
      ],
      mayCall: true,
    });
    expect(second?.rounds).toEqual([
      {
        text: 'Let me look.',
        calls: [{ id: 'call-0-0', name: 'forecast', input: '{"city":"Lima"}' }],
        results: ['{"city":"Lima","weather":"rain"}'],
      },
    ]);
  });

  it('is kept in the conversation by what was said, and the tokens of all rounds', async () => {
    const { bot } = await startWeather([calling('forecast', '{"city":"Lima"}', ['One.']), 'Two.']);
    await bot.ask('How is it in Lima?');
    const store = bot.store.forTenant('tenant');
    const [conversation] = await store.listConversations();
    const messages = conversation === undefined ? [] : await store.messagesOf(conversation.id);
    expect(messages[1]).toMatchObject({
      parts: [{ type: 'text', text: 'One.\n\nTwo.' }],
      seen: { usage: { answerTokens: 2 }, finishReason: 'endToken' },
    });
  });

  it.each([
    [
      'an input that its schema does not take',
      'forecast',
      '{"city":""}',
      /^The input is not right: city: /,
    ],
    ['an input that is no JSON', 'forecast', '{"city":', /^The input is no JSON\.$/],
    ['a name that is not there', 'forcast', '{}', /^There is no tool "forcast"\.$/],
    ['a name that is not allowed', 'drop_tables', '{}', /^There is no tool "drop_tables"\.$/],
  ])('is not run for %s, and the model is told', async (_, name, input, result) => {
    const { bot, runs, faults } = await startWeather([calling(name, input), 'So be it.']);
    expect(await bot.ask('Hi!')).toBe('So be it.');
    expect(runs).toEqual([]);
    expect(rounds(bot.model)[0]?.results).toEqual([expect.stringMatching(result)]);
    expect(faults).toEqual([]);
  });

  it('is run as a policy says of each call', async () => {
    const asked: ToolRequest[] = [];
    const { bot, runs } = await startWeather(
      [
        {
          pieces: [],
          toolCalls: [
            { name: 'forecast', input: '{"city":"Lima"}' },
            { name: 'drop_tables', input: '{}' },
          ],
        },
        'Done.',
      ],
      {
        allow: async (request) => {
          asked.push(request);
          return request.tool === 'forecast';
        },
      },
    );
    expect(await bot.ask('Hi!')).toBe('Done.');
    expect(runs.map(({ tool }) => tool)).toEqual(['forecast']);
    expect(asked[0]).toEqual({
      tenant: 'tenant',
      adapter: 'memory',
      conversationKey: 'general',
      author: { id: 'ana', name: 'Ana' },
      plugin: 'weather',
      tool: 'forecast',
      input: { city: 'Lima' },
    });
    expect(rounds(bot.model)[0]?.results[1]).toBe('This call is not allowed.');
  });

  it('is not run when the policy fails', async () => {
    const allow = () => Promise.reject(new Error('no idea'));
    const { bot, runs } = await startWeather([calling('forecast', '{"city":"Lima"}'), 'No.'], {
      allow,
    });
    expect(await bot.ask('Hi!')).toBe('No.');
    expect(runs).toEqual([]);
  });

  it('is offered to nobody where no policy allows it', async () => {
    const runs: Run[] = [];
    const answers = [calling('forecast', '{}', ['Hm.'])];
    const { bot } = await startBot([weather(runs)], { answers });
    expect(await bot.ask('Hi!')).toBe('Hm.');
    expect(bot.model.options[0]?.tools).toBeUndefined();
    expect(runs).toEqual([]);
  });

  it('is not offered to a model that can call none', async () => {
    const model = new ScriptedModel(['Hm.'], { tools: false });
    const { bot } = await startBot([weather()], { model, tools: allowed });
    expect(await bot.ask('Hi!')).toBe('Hm.');
    expect(model.options[0]?.tools).toBeUndefined();
  });

  it('that fails is reported, and the model is told', async () => {
    const failing = plugin('failing', ({ tool }) =>
      tool({
        name: 'forecast',
        description: 'Fails',
        input: z.object({}),
        run: () => Promise.reject(new Error('secret')),
      }),
    );
    const { bot, faults } = await startBot([failing], {
      answers: [calling('forecast', ''), 'It failed.'],
      tools: allowed,
    });
    expect(await bot.ask('Hi!')).toBe('It failed.');
    expect(rounds(bot.model)[0]?.results).toEqual(['The tool failed.']);
    expect(faults).toEqual(['failing: The plugin failing failed: secret']);
  });

  it('is called no more after as many rounds as are allowed', async () => {
    const again = calling('forecast', '{"city":"Lima"}');
    const { bot, runs } = await startWeather([again, again, again, 'Enough.'], {
      ...allowed,
      maxRounds: 2,
    });
    // The third answer is one that may not call.
    expect(await bot.ask('Hi!')).toBe('No answer came of this; please ask again.');
    expect(runs).toHaveLength(2);
    expect(bot.model.options.at(-1)?.tools?.mayCall).toBe(false);
  });

  it('of which a result is long is cut for the model', async () => {
    const long = plugin('long', ({ tool }) =>
      tool({
        name: 'forecast',
        description: 'Long',
        input: z.object({}),
        run: () => 'x'.repeat(30_000),
      }),
    );
    const { bot } = await startBot([long], {
      answers: [calling('forecast', '{}'), 'Ok.'],
      tools: allowed,
    });
    await bot.ask('Hi!');
    expect(rounds(bot.model)[0]?.results[0]).toHaveLength(20_000);
  });

  it('begins its round anew when the engine dies in it, with what was said before', async () => {
    const { bot } = await startWeather([
      calling('forecast', '{"city":"Lima"}', ['Look.']),
      { pieces: ['It sn', 'It rains.'], restartAfter: 1 },
    ]);
    expect(await bot.ask('Hi!')).toBe('Look.\n\nIt rains.');
  });

  it('has the same key when its call is made again', async () => {
    const answers = [calling('forecast', '{"city":"Lima"}'), 'Rain.'];
    const { bot, runs } = await startWeather([...answers, ...answers]);
    const { store } = bot;
    const end = store.jobs.holding.bind(store.jobs);
    let fails = 1;
    store.jobs.holding = (job, work) => {
      if (runs.length > 0 && fails-- > 0) return Promise.reject(new Error('The process died.'));
      return end(job, work);
    };
    expect(await bot.ask('Hi!')).toBe('Rain.');
    expect(runs).toHaveLength(2);
    expect(runs[0]?.callKey).toBe(runs[1]?.callKey);
  });

  it.each([
    ['get weather', z.object({}), /The tool "get weather" of the plugin bad is not valid/],
    ['when', z.object({ at: z.date() }), /cannot be written as JSON Schema/],
  ])('that cannot be offered leaves its plugin out: %s', async (name, input, fault) => {
    const bad = plugin('bad', ({ tool }) =>
      tool({ name, description: 'Bad', input, run: () => '' }),
    );
    expect((await startBot([bad])).faults).toEqual([expect.stringMatching(fault)]);
  });

  it('never runs without the policy, nor with what its schema does not take, whatever a model says', async () => {
    const runs: Run[] = [];
    // As many calls in a round as are made at once, and as many rounds to an answer as keep it small.
    const [callsAtOnce, maxRounds] = [16, 10];
    // Where answers do not grow on the platform, for whose sake the whole text is made harmless at every piece.
    const { bot } = await startBot(
      [weather(runs)],
      { tools: { ...allowed, maxRounds } },
      { editMessages: false },
    );
    const output = fc.record({
      name: fc.oneof(
        fc.constant('forecast'),
        fc.constantFrom(
          'forecast',
          'drop_tables',
          'Forecast',
          'forecast ',
          '__proto__',
          'toString',
          '',
        ),
        anyText({ maxLength: 8 }),
      ),
      input: fc.oneof(
        fc.json(),
        anyText({ maxLength: 20 }),
        fc
          .record({ city: fc.string(), days: fc.oneof(fc.integer(), fc.string()) })
          .map((each) => JSON.stringify(each)),
        fc.constantFrom('{"city":"Lima"}', '{"__proto__":{"city":"x"}}', '[]', 'null', ''),
      ),
      said: fc.oneof(
        anyText({ maxLength: 20 }),
        fc.constantFrom(
          '<tool_call>{"name":"drop_tables","arguments":{}}</tool_call>',
          '{"tool_calls":[{"function":{"name":"drop_tables","arguments":"{}"}}]}',
          '[drop_tables()]',
        ),
      ),
    });
    const outputs = fc.sample(output, { seed: 1, numRuns: 10_000 });
    const roundsSaid = chunks(outputs, callsAtOnce).map((some) => ({
      pieces: some.map(({ said }) => said),
      toolCalls: some.map(({ name, input }) => ({ name, input })),
    }));
    for (const [index, answer] of chunks(roundsSaid, maxRounds).entries()) {
      bot.model.say(...answer, 'Done.');
      expect(await bot.ask('Hi!', { conversationKey: String(index) })).toMatch(/Done\.$/);
      expect(rounds(bot.model)).toHaveLength(answer.length);
    }
    expect(new Set(runs.map(({ tool }) => tool))).toEqual(new Set(['forecast']));
    expect(runs.length).toBeGreaterThan(100);
    for (const { input } of runs) expect(weatherInput.safeParse(input).success).toBe(true);
  });
});
