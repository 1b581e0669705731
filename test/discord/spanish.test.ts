import { type AdapterHost, type CommandDescription, VistazoError } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { InteractionType } from 'discord.js';
import { generateSnowflake } from 'discord-digital-twin';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { sayings } from '../../packages/discord/src/language.ts';
import { call, callOn, chartMessage, interact, post, pressOn, responseOf } from './interact.ts';
import { Twin, twinModel } from './twin-fixture.ts';

const locale = 'es-ES';
const question = { name: 'question', type: 3, value: '¿Cuál?' };
const tickets: CommandDescription = {
  name: 'tickets',
  description: 'Lists the tickets',
  options: [{ name: 'product', description: 'Of what', type: 'string', required: false }],
  pictures: 'optional',
};

/** A started adapter on a bot that does as a test says. */
async function start(host: Partial<AdapterHost> = {}) {
  const twin = await Twin.start();
  onTestFinished(() => twin.stop());
  const adapter = twin.newAdapter();
  await adapter.start(testHost({ model: twinModel, ...host }));
  onTestFinished(async () => {
    await adapter.stop();
    await adapter.close?.();
  });
  return { twin, adapter };
}

type Setting = Awaited<ReturnType<typeof start>>;

/** What somebody whose Discord is Spanish is told at once. */
async function said(setting: Setting, done: Promise<{ id: string }>): Promise<string> {
  const { data } = await responseOf(setting, (await done).id);
  return z.object({ content: z.string() }).parse(data).content;
}

/** Somebody presses a button below an answer that was posted to a message. */
async function press(setting: Setting, action: string, by = setting.twin.ana): Promise<string> {
  const { twin } = setting;
  const messageId = await twin.say('¿Qué es esto?');
  const place = { tenant: twin.guildId, conversationKey: twin.channelId, messageId };
  await post(setting, place, 'Un gato.', messageId.padEnd(24, '-'));
  const [answer] = await twin.repliesTo(messageId);
  if (answer === undefined) throw new Error('Nothing was answered.');
  const id = `vistazo ${action} ${messageId} ${twin.ana}`;
  return said(setting, pressOn(setting, id, answer, { locale, by }));
}

const localizedSchema = z.looseObject({
  type: z.int(),
  name: z.string(),
  name_localizations: z.record(z.string(), z.string()).optional(),
  description_localizations: z.record(z.string(), z.string()).optional(),
});
const bodiesSchema = z.array(
  localizedSchema.extend({ options: z.array(localizedSchema).default([]) }),
);

describe('what the Discord adapter says', () => {
  it('lacks no language', () => {
    for (const [saying, texts] of Object.entries(sayings)) {
      expect(Object.keys(texts).toSorted(), saying).toEqual(['en', 'es']);
      for (const text of Object.values(texts)) expect(text.trim(), saying).not.toBe('');
      expect(texts.es, saying).not.toBe(texts.en);
    }
  });

  it('has Spanish names and descriptions for its commands and their options', async () => {
    const { twin } = await start({ commands: [tickets] });
    const put = twin.front.calls.find(({ method }) => method === 'PUT');
    const bodies = bodiesSchema.parse(put?.json);
    const own = bodies.filter(({ name }) => !['tickets', 'Tickets'].includes(name));
    const inSpanish = (locale: string) =>
      own.map(({ name, name_localizations: names }) => `${name}: ${names?.[locale]}`);
    const expected = [
      'ask: preguntar',
      'describe: describir',
      'model: modelo',
      'help: ayuda',
      'forget: olvidar',
      'Ask about this picture: Preguntar por esta imagen',
      'Describe this picture: Describir esta imagen',
    ];
    expect(inSpanish('es-ES')).toEqual(expected);
    expect(inSpanish('es-419')).toEqual(expected);
    const described = [...own.filter(({ type }) => type === 1), ...bodies]
      .flatMap((body) => (own.includes(body) ? [body, ...body.options] : body.options))
      .filter(({ type, name }) => type !== 3 || name === 'question')
      .filter(({ name }) => name !== 'product');
    expect(described.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['ask', 'question', 'picture', 'picture-4', 'private', 'forget']),
    );
    for (const { name, name_localizations, description_localizations } of described)
      for (const each of ['es-ES', 'es-419']) {
        expect(name_localizations?.[each], `${name} in ${each}`).toBeTruthy();
        expect(description_localizations?.[each], `${name} in ${each}`).toBeTruthy();
      }
  });

  it('refuses an option whose Spanish name is one of its own', async () => {
    const clash = { ...tickets, options: [{ ...tickets.options[0], name: 'imagen' }] };
    await expect(start({ commands: [clash as CommandDescription] })).rejects.toThrow(
      'The command /tickets has an option imagen',
    );
  });

  it.each<[string, string | RegExp, Partial<AdapterHost>]>([
    ['help', /Mencióname.*\n`\/preguntar` Pregunta sobre imágenes/s, {}],
    ['model', /Responde `twin-model`.*Le caben 8192 tokens/, {}],
    ['forget', /He olvidado lo que me preguntaste/, {}],
    [
      'forget',
      /No he podido olvidarlo todo/,
      {
        forget: async () => {
          throw new VistazoError('option.invalid', 'It cannot be forgotten.');
        },
      },
    ],
    ['gone', 'Ya no conozco esta orden.', {}],
    ['ask', /A esto no respondo ahora/, { receive: async () => 'refused' }],
    [
      'ask',
      /No he podido guardar tu pregunta/,
      {
        receive: async () => {
          throw new VistazoError('option.invalid', 'It is no event.');
        },
      },
    ],
  ])('answers /%s in Spanish: %s', async (name, sentence, host) => {
    const setting = await start(host);
    const content = await said(setting, call(setting, name, [question], { locale }));
    expect(content).toMatch(sentence);
  });

  it('thanks, refuses and regrets in Spanish', async () => {
    const setting = await start();
    expect(await press(setting, 'up')).toBe('Gracias.');
    expect(await press(setting, 'stop', setting.twin.ben)).toBe(
      'Solo puede hacerlo quien preguntó.',
    );
    expect(await press(setting, 'seen')).toMatch(/^No sé de ningún modelo/);
    const { twin } = setting;
    twin.front.intercept(({ method, path }) =>
      method === 'GET' && /\/messages\/\d+$/.test(path) ? { status: 404, body: {} } : undefined,
    );
    expect(await press(setting, 'again')).toBe('La pregunta ya no está; pregunta de nuevo.');
  });

  it('tells in Spanish what the model saw, and that this is not known now', async () => {
    const size = { widthPx: 10, heightPx: 20, tiles: 1, fullTiles: 1, tokens: 64 };
    const pictures = [{ messageIndex: 0, ...size }];
    const seen = { pictures, promptTokens: 100, imageTokens: 64, leftOut: [], notes: [] };
    const knowing = await start({ seenFor: async () => seen });
    expect(await press(knowing, 'seen')).toMatch(/imagen/);
    const failing = await start({
      seenFor: async () => {
        throw new VistazoError('store.failed', 'The store is away.');
      },
    });
    expect(await press(failing, 'seen')).toBe('No he podido averiguarlo; inténtalo más tarde.');
  });

  it('asks in Spanish in its dialog, and asks the model in Spanish for a description', async () => {
    const events: unknown[] = [];
    const setting = await start({
      receive: async (event) => {
        events.push(event);
        return 'accepted';
      },
    });
    const target = chartMessage(setting.twin);
    const opened = await callOn(setting, 'Ask about this picture', target, { locale });
    expect((await responseOf(setting, opened.id)).data).toMatchObject({
      title: 'Preguntar por esta imagen',
      components: [{ label: 'Pregunta' }, { label: 'Más imágenes' }],
    });
    const onMessage = await callOn(setting, 'Describe this picture', target, { locale });
    await responseOf(setting, onMessage.id);
    const picture = setting.twin.attachment(Buffer.from('a picture'), 'a.png');
    const slash = await interact(
      setting,
      InteractionType.ApplicationCommand,
      {
        id: generateSnowflake(),
        name: 'describe',
        type: 1,
        options: [{ name: 'picture', type: 11, value: picture.id }],
        resolved: { attachments: { [picture.id]: picture } },
      },
      { locale },
    );
    await responseOf(setting, slash.id);
    expect(events).toMatchObject([
      { text: 'Describe la imagen.' },
      { text: 'Describe la imagen.' },
    ]);
  });
});

describe('the buttons of the Discord adapter', () => {
  const target = ({ twin }: Setting, messageId: string) => ({
    tenant: twin.guildId,
    conversationKey: twin.channelId,
    messageId,
  });
  const labelsOf = async ({ twin }: Setting) => {
    const rows = z
      .array(z.looseObject({ components: z.array(z.looseObject({ label: z.string() })) }))
      .parse((await twin.posts()).at(-1)?.components ?? []);
    return rows.flatMap(({ components }) => components.map(({ label }) => label));
  };

  it.each([
    ['es-ES', ['Parar'], ['Bien', 'Mal', 'Otra vez', '¿Qué ha visto?']],
    ['de', ['Stop'], ['Good', 'Bad', 'Again', 'What did it see?']],
  ])('speak as the server does: %s', async (preferred_locale, during, after) => {
    const setting = await start();
    const { twin, adapter } = setting;
    const { guildId: id } = twin;
    twin.gateway.broadcast('GUILD_UPDATE', { id, name: 'A server', preferred_locale });
    // What the gateway tells comes in order.
    await responseOf(setting, (await call(setting, 'help', [])).id);
    const place = target(setting, await twin.say('¿Qué es esto?'));
    adapter.answering?.(place, {
      type: 'prompt',
      pictures: [],
      promptTokens: 1,
      imageTokens: 0,
      leftOut: [],
    });
    await post(setting, place, 'Un gato.');
    expect(await labelsOf(setting)).toEqual(during);
    adapter.answering?.(place, { type: 'ended' });
    await vi.waitFor(async () => expect(await labelsOf(setting)).toEqual(after), 10_000);
  });

  it('speak as the person does where they alone see the answer', async () => {
    const setting = await start();
    const { twin, adapter } = setting;
    const hidden = { name: 'private', type: 5, value: true };
    const { id } = await call(setting, 'ask', [question, hidden], { locale });
    await responseOf(setting, id);
    const place = target(setting, `private:${id}`);
    await post(setting, place, 'Un gato.');
    adapter.answering?.(place, { type: 'ended' });
    await vi.waitFor(
      async () => expect(await labelsOf(setting)).toEqual(['Bien', 'Mal', '¿Qué ha visto?']),
      10_000,
    );
    expect((await twin.posts())[0]?.content).toBe('Un gato.');
  });
});
