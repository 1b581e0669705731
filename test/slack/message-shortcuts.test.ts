import type { CommandDescription } from '@vistazo/core';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type Listening, listen, startAgain } from './listen.ts';

const altText: CommandDescription = {
  name: 'alt-text',
  description: 'Writes an alternative text',
  options: [{ name: 'words', description: 'At most', type: 'integer', required: false }],
  pictures: 'required',
};
const translate: CommandDescription = {
  name: 'translate',
  description: 'Translates the text of a picture',
  options: [{ name: 'to', description: 'The language', type: 'string', required: true }],
  pictures: 'required',
};
const host = { commands: [altText, translate] };

const modalSchema = z.looseObject({
  title: z.looseObject({ text: z.string() }),
  submit: z.unknown().optional(),
  blocks: z.array(z.looseObject({ type: z.string() })),
});

function modal({ fake }: Listening, person: string) {
  return vi.waitFor(() => modalSchema.parse(fake.openView(person)));
}

/** Ben shows a picture that was not for the bot. */
function shown({ fake, ben, general }: Listening, channel = general) {
  const files = [{ name: 'chart.png', bytes: Buffer.from('a chart') }];
  return fake.people.post({ channel, user: ben, text: 'Our *numbers*', files });
}

describe('shortcuts on messages of Slack', () => {
  it('ask a question about a message, in its thread, with further pictures', async () => {
    const here = await listen({ host });
    const { fake, ana, general } = here;
    const { ts } = shown(here);
    await fake.interactions.shortcut(ana, 'vistazo_ask', { channel: general, ts });
    const { title, blocks } = await modal(here, ana);
    expect(title.text).toBe('Ask about this picture');
    expect(blocks).toMatchObject([
      { label: { text: 'Question' }, optional: false },
      { label: { text: 'More pictures' }, optional: true },
    ]);
    const { id } = fake.files.add(fake.team.id, { name: 'last-year.png', user: ana });
    await fake.interactions.submit(ana, { question: 'Which is higher?', pictures: [id] });
    const asked = await here.event('message');
    expect(asked).toMatchObject({
      conversationKey: `${general}:${ts}`,
      text: 'Which is higher?',
      author: { id: ana, name: 'ana' },
      quotes: [{ source: 'reply', author: 'ben', text: 'Our *numbers*' }],
    });
    expect(asked.attachments?.map(({ name, author }) => [name, author?.name])).toEqual([
      ['chart.png', 'ben'],
      ['last-year.png', undefined],
    ]);
  });

  it('describe its pictures at once, in the language of who wants it', async () => {
    const here = await listen({ host });
    const { fake, ben, general } = here;
    const { ts } = shown(here);
    await fake.interactions.shortcut(ben, 'vistazo_describe', { channel: general, ts });
    const asked = await here.event('message');
    expect(asked.text).toBe('Describe la imagen.');
    expect(asked.attachments).toMatchObject([{ name: 'chart.png' }]);
    const { tenant, conversationKey, messageId } = asked;
    const post = { tenant, conversationKey, messageId, text: 'A chart.', idempotencyKey: 'key' };
    const signal = AbortSignal.timeout(60_000);
    await here.adapter.post(post, { signal, completes: 'answer' });
    expect(fake.messages(general, ts).at(-1)).toMatchObject({ text: 'A chart.', thread_ts: ts });
  });

  it('make the thread one where the bot need not be mentioned', async () => {
    const here = await listen({ host });
    const { fake, ana, general } = here;
    const { ts } = shown(here);
    await fake.interactions.shortcut(ana, 'vistazo_describe', { channel: general, ts });
    await here.event('message');
    const reply = fake.people.post({ channel: general, user: ana, text: 'Why?', threadTs: ts });
    const asked = await here.event('message', reply.ts);
    expect(asked).toMatchObject({ text: 'Why?', quotes: [] });
  });

  it('call commands of plugins, and ask for what they require', async () => {
    const here = await listen({ host });
    const { fake, ana, general } = here;
    const { ts } = shown(here);
    const on = { channel: general, ts };
    await fake.interactions.shortcut(ana, 'vistazo_command_alt-text', on);
    expect((await here.event('message')).command).toEqual({ name: 'alt-text', options: {} });
    here.events.length = 0;
    await fake.interactions.shortcut(ana, 'vistazo_command_translate', on);
    expect((await modal(here, ana)).title.text).toBe('Translate');
    await fake.interactions.submit(ana, { to: 'Basque' });
    const asked = await here.event('message');
    expect(asked.command).toEqual({ name: 'translate', options: { to: 'Basque' } });
    expect(asked.attachments).toMatchObject([{ name: 'chart.png' }]);
  });

  it('say in a modal that the bot is not in the channel', async () => {
    const here = await listen({ host });
    const { fake, ana, ben } = here;
    const elsewhere = fake.addChannel('elsewhere', [ana, ben], { withBot: false });
    const { ts } = shown(here, elsewhere);
    await fake.interactions.shortcut(ana, 'vistazo_describe', { channel: elsewhere, ts });
    const { submit, blocks } = await modal(here, ana);
    expect(submit).toBeUndefined();
    expect(JSON.stringify(blocks)).toContain('Invite me with /invite');
    expect(here.events).toEqual([]);
  });

  it('find the message again where another process opened the modal', async () => {
    const here = await listen({ host });
    const { fake, ana, general } = here;
    const { ts } = shown(here);
    await fake.interactions.shortcut(ana, 'vistazo_ask', { channel: general, ts });
    await modal(here, ana);
    const events = await startAgain(here);
    await fake.interactions.submit(ana, { question: 'Which is higher?' });
    const asked = await events.event('message');
    expect(asked.attachments).toMatchObject([{ name: 'chart.png' }]);
  });

  it('say that they do not know a command any more', async () => {
    const here = await listen({ host });
    const { fake, ana, general } = here;
    const { ts } = shown(here);
    await fake.interactions.shortcut(ana, 'vistazo_command_gone', { channel: general, ts });
    expect(await here.told(ana)).toBe('I do not know this command any more.');
  });
});
