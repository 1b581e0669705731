import type { ReceivedFile } from '@vistazo/core';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { altText, tickets } from '../commands-of-plugins.ts';
import { type Listening, listen, startAgain } from './listen.ts';

const host = { commands: [altText, tickets] };

const modalSchema = z.looseObject({
  title: z.looseObject({ text: z.string() }),
  blocks: z.array(z.looseObject({ element: z.looseObject({}), optional: z.boolean() })),
});
const contextSchema = z.looseObject({
  type: z.literal('context'),
  elements: z.array(z.looseObject({ text: z.string() })),
});

function modal({ fake }: Listening, person: string) {
  return vi.waitFor(() => modalSchema.parse(fake.openView(person)));
}

function post(
  { adapter }: Listening,
  {
    tenant,
    conversationKey,
    messageId,
  }: Record<'tenant' | 'conversationKey' | 'messageId', string>,
  text: string,
  { key = 'key-1', grows = false, mayBePosted = false } = {},
) {
  const options = {
    signal: AbortSignal.timeout(60_000),
    ...(!grows && { completes: 'answer' as const }),
  };
  const target = { tenant, conversationKey, messageId };
  return adapter.post({ ...target, text, idempotencyKey: key, mayBePosted }, options);
}

describe('slash commands on Slack', () => {
  it('call what was written with its options, and are answered in the channel', async () => {
    const here = await listen({ host });
    const { fake, ana, general } = here;
    await fake.interactions.command(ana, general, '/tickets', 'product="Pia &amp; Co" <!channel>');
    const asked = await here.event('message');
    expect(asked.command).toEqual({
      name: 'tickets',
      options: { product: 'Pia & Co', text: '<!channel>' },
    });
    expect(asked.conversationKey).toMatch(new RegExp(`^${general}:command-`));
    await post(here, asked, 'There are none.');
    const [answer] = fake.messages(general);
    expect(answer?.thread_ts).toBeUndefined();
    expect(answer?.text).toBe('There are none.');
    const { elements } = contextSchema.parse(answer?.blocks?.[0]);
    expect(elements[0]?.text).toBe('ana: /tickets product="Pia & Co" text=<!channel>');
  });

  it('can have something before their names', async () => {
    const here = await listen({ host, commandPrefix: 'pia-' });
    const { fake, ana, general } = here;
    await fake.interactions.command(ana, general, '/pia-tickets', 'Pia');
    expect((await here.event('message')).command?.options).toEqual({ product: 'Pia' });
    await fake.interactions.command(ana, general, '/tickets', 'Pia');
    const told = await here.told(ana);
    expect(told).toBe('I do not know this command any more.');
    await fake.interactions.command(ana, general, '/pia-help');
    expect(await here.told(ana, told)).toContain('`/pia-alt-text`');
  });

  it('ask for options and pictures in a modal', async () => {
    const here = await listen({ host });
    const { fake, ana, general } = here;
    await fake.interactions.command(ana, general, '/alt-text', 'words=10');
    const { title, blocks } = await modal(here, ana);
    expect(title.text).toBe('/alt-text');
    expect(blocks.map(({ element, optional }) => [element.type, optional])).toEqual([
      ['static_select', true],
      ['number_input', true],
      ['file_input', false],
    ]);
    expect(blocks[1]?.element).toMatchObject({ initial_value: '10', max_value: '50' });
    const { id } = fake.files.add(fake.team.id, {
      name: 'shot.png',
      bytes: Buffer.from('a picture'),
      user: ana,
    });
    await fake.interactions.submit(ana, { language: 'Spanish', pictures: [id] });
    const asked = await here.event('message');
    expect(asked.command).toEqual({
      name: 'alt-text',
      options: { language: 'Spanish', words: '10' },
    });
    expect(asked.attachments?.map(({ name }) => name)).toEqual(['shot.png']);
    const [{ url = '' } = {}] = asked.attachments ?? [];
    const options = { maxBytes: 1000, signal: AbortSignal.timeout(60_000) };
    const bytes: ReceivedFile['bytes'] | undefined = await here.adapter.fetch?.(url, options);
    expect(Buffer.from(bytes ?? []).toString()).toBe('a picture');
  });

  it('speak the language of who calls them', async () => {
    const here = await listen({ host });
    const { fake, ben, general } = here;
    await fake.interactions.command(ben, general, '/describe');
    expect((await modal(here, ben)).blocks[0]).toMatchObject({
      label: { text: 'Imágenes' },
      hint: { text: 'Hasta 10: PNG, JPEG, GIF, WebP o PDF.' },
    });
    const { id } = fake.files.add(fake.team.id, { name: 'shot.png', user: ben });
    await fake.interactions.submit(ben, { pictures: [id] });
    expect((await here.event('message')).text).toBe('Describe la imagen.');
  });

  it('answer at once to one person alone what is about the bot', async () => {
    const forgotten: (string | undefined)[] = [];
    const here = await listen({
      host: { ...host, forget: async (_, person) => void forgotten.push(person) },
    });
    const { fake, ana, general } = here;
    await fake.interactions.command(ana, general, '/help');
    const help = await here.told(ana);
    expect(help).toContain('`/tickets` Lists the tickets');
    await fake.interactions.command(ana, general, '/model');
    const model = await here.told(ana, help);
    expect(model).toContain('`test` answers.');
    await fake.interactions.command(ana, general, '/forget');
    expect(await here.told(ana, model)).toContain('I have forgotten what you asked me here.');
    expect(forgotten).toEqual([ana]);
    expect(fake.messages(general)).toEqual([]);
    expect(here.events).toEqual([]);
  });

  it('tell that something is not taken, or could not be stored in time', async () => {
    const { promise: stored, resolve } = Promise.withResolvers<void>();
    const outcomes: (() => Promise<'refused'>)[] = [
      async () => 'refused',
      async () => {
        await stored;
        return 'refused';
      },
    ];
    const here = await listen({
      host: { ...host, receive: async () => (await outcomes.shift()?.()) ?? 'accepted' },
    });
    const { fake, ana, general } = here;
    const ask = () => fake.interactions.command(ana, general, '/ask', 'Why?');
    await ask();
    const first = await here.told(ana);
    expect(first).toBe('I do not answer this one; try again later.');
    fake.world.posts.length = 0;
    expect(await ask()).toBeDefined();
    expect(fake.ephemeral(ana)).toEqual([]);
    resolve();
    expect(await here.told(ana)).toBe(first);
  });

  it('are answered where the bot is not, by the address of the command, once the answer is whole', async () => {
    const here = await listen({ host });
    const { fake, adapter, ana } = here;
    const elsewhere = fake.addChannel('elsewhere', [ana], { withBot: false });
    await fake.interactions.command(ana, elsewhere, '/ask', 'Why?');
    const asked = await here.event('message');
    const prompt = { pictures: [], promptTokens: 9, imageTokens: 0, leftOut: [] };
    adapter.answering?.(asked, { type: 'prompt', ...prompt });
    const postId = await post(here, asked, 'Because', { grows: true });
    const { tenant, conversationKey, messageId } = asked;
    const target = { tenant, conversationKey, messageId };
    const signal = AbortSignal.timeout(60_000);
    await adapter.edit?.({ ...target, postId }, 'Because <!here> it is.', {
      signal,
      completes: 'answer',
    });
    expect(fake.messages(elsewhere)).toEqual([]);
    adapter.answering?.(target, { type: 'ended' });
    await vi.waitFor(() => expect(fake.messages(elsewhere)).toHaveLength(1));
    const [answer] = fake.messages(elsewhere);
    expect(answer?.text).toBe('Because &lt;!here&gt; it is.');
    expect(contextSchema.parse(answer?.blocks?.[0]).elements[0]?.text).toBe(
      'ana: /ask question=Why?',
    );
  });

  it('have buttons below their answers that know what they are for', async () => {
    const here = await listen({ host });
    const { fake, ana, general } = here;
    await fake.interactions.command(ana, general, '/ask', 'Why?');
    const asked = await here.event('message');
    const postId = await post(here, asked, 'Because.');
    const pressed = { channel: general, ts: postId, user: ana, actionId: 'vistazo_rate' };
    const value = `vistazo up ${asked.messageId} ${ana}`;
    await fake.interactions.press({ ...pressed, value });
    const { tenant, conversationKey, messageId } = asked;
    expect(await here.event('feedback')).toMatchObject({ tenant, conversationKey, messageId });
    const { blocks } = fake.messages(general)[0] ?? {};
    expect(JSON.stringify(blocks)).not.toContain('vistazo_again');
  });

  it('are not answered twice after a restart', async () => {
    const here = await listen({ host });
    const { fake, ana, general } = here;
    await fake.interactions.command(ana, general, '/ask', 'Why?');
    const asked = await here.event('message');
    const postId = await post(here, asked, 'Because.');
    const later = await startAgain(here);
    const again = { mayBePosted: true };
    expect(await post({ ...here, ...later }, asked, 'Because.', again)).toBe(postId);
    expect(fake.messages(general)).toHaveLength(1);
  });
});
