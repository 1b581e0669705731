import { describe, expect, it, vi } from 'vitest';
import { listen } from './hearing.ts';
import { listen as listenOn } from './listen.ts';

const isOf = (team: string) => (tenant: string) => tenant === team;

describe('what the adapter for Slack keeps in memory', () => {
  it('is what was heard in threads and who people are, until something of the team is forgotten', async () => {
    const { fake, adapter, ana, ben, channel, bot, event } = await listen();
    const root = fake.people.post({ channel, user: ben, text: 'My chart' }).ts;
    const ask = async (text: string) => {
      const { ts } = fake.people.post({
        channel,
        user: ana,
        text: `${bot} ${text}`,
        threadTs: root,
      });
      return event('message', ts);
    };
    const calls = () =>
      ['conversations.replies', 'users.info'].map((method) => fake.api.callsOf(method).length);
    expect((await ask('Well?')).quotes).toMatchObject([{ text: 'My chart' }]);
    const before = calls();
    adapter.forgotten?.(isOf('T_OTHER'));
    await ask('And this?');
    expect(calls()).toEqual(before);
    adapter.forgotten?.(isOf(fake.team.id));
    await ask('Now?');
    const [replies = 0, infos = 0] = before;
    expect(calls()).toEqual([replies + 1, infos + 1]);
  });

  it('is forgotten of a thread too that Slack is being asked for, and told again', async () => {
    const { fake, adapter, ana, ben, channel, bot, event } = await listen();
    const { members } = fake.world.channel(channel);
    members.delete(fake.bot.botUserId);
    const root = fake.people.post({ channel, user: ben, text: 'My chart' }).ts;
    members.add(fake.bot.botUserId);
    const stop = fake.api.intercept(({ method }) =>
      method === 'conversations.replies'
        ? {
            status: 429,
            headers: { 'retry-after': '2' },
            body: { ok: false, error: 'ratelimited' },
          }
        : undefined,
    );
    const { ts } = fake.people.post({ channel, user: ana, text: `${bot} Well?`, threadTs: root });
    await event('message', ts);
    adapter.forgotten?.(isOf(fake.team.id));
    stop();
    expect((await event('edited', ts)).quotes).toMatchObject([{ text: 'My chart' }]);
  });

  it('is no message that a modal was opened about: Slack is asked for it again', async () => {
    const here = await listenOn();
    const { fake, adapter, ana, ben, general } = here;
    const { ts } = fake.people.post({ channel: general, user: ben, text: 'My chart' });
    await fake.interactions.shortcut(ana, 'vistazo_ask', { channel: general, ts });
    await vi.waitFor(() => expect(fake.openView(ana)).toBeDefined());
    const before = fake.api.callsOf('conversations.replies').length;
    adapter.forgotten?.(isOf(fake.team.id));
    await fake.interactions.submit(ana, { question: 'What is this?' });
    const asked = await here.event('message');
    expect(asked.quotes).toMatchObject([{ text: 'My chart' }]);
    expect(fake.api.callsOf('conversations.replies')).toHaveLength(before + 1);
  });

  it('does not tell who called a command once they are forgotten', async () => {
    const here = await listenOn();
    const { fake, adapter, ana, general } = here;
    await fake.interactions.command(ana, general, '/ask', 'Why?');
    const { tenant, conversationKey, messageId } = await here.event('message');
    await fake.interactions.command(ana, general, '/forget');
    await here.told(ana);
    const post = { tenant, conversationKey, messageId, text: 'Because.', idempotencyKey: 'key' };
    const signal = AbortSignal.timeout(60_000);
    await adapter.post(post, { signal, completes: 'answer' });
    expect(JSON.stringify(fake.messages(general).at(-1)?.blocks)).not.toContain('/ask');
  });
});
