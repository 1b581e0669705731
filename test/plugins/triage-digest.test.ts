import { triage } from '@vistazo/plugins';
import { describe, expect, it } from 'vitest';
import { startBot } from '../core/plugin/plugin-fixture.ts';
import { desk } from './triage-fixture.ts';

const hour = 3_600_000;
const place = { adapter: 'memory', tenant: 'tenant', conversationKey: 'leads' };

describe('the daily digest of triage', () => {
  it('counts the tickets of 24 hours by severity and product, and names what came up most and what is critical', async () => {
    const { bot, post } = await desk(
      { digest: place },
      { severity: 'critical', summary: 'Mail is lost.' },
      {},
      {},
      { product: 'Chat', errorMessage: 'Another one.', severity: 'low' },
    );
    for (const _ of [1, 2, 3, 4]) await post();
    await bot.clock.advance(8 * hour);
    await bot.idle();
    const told = bot.adapter.posts.filter(({ isAnnouncement }) => isAnnouncement);
    expect(told.map(({ conversationKey }) => conversationKey)).toEqual(['leads']);
    expect(told[0]?.text).toBe(
      [
        '**Tickets of the last 24 hours:** 4 · 1 critical · 2 high · 1 low',
        '**By product**\n- Mail: 3\n- Chat: 1',
        '**Came up most**\n- Ticket 1, 3 times: Error 500: see https[:]//evil.example',
        '**Critical and still open**\n- Ticket 1 · Mail · Mail is lost.',
      ].join('\n\n'),
    );
    await bot.ask('/ticket number=1 status=closed');
    await bot.clock.advance(24 * hour);
    await bot.idle();
    const next = bot.adapter.posts.filter(({ isAnnouncement }) => isAnnouncement)[1];
    expect(next?.text).toBe('**Tickets of the last 24 hours:** 0');
  });

  it('comes once a day where several processes share the store', async () => {
    const { bot } = await desk({ digest: place });
    const other = await startBot([triage({ digest: place })], { store: bot.store });
    await Promise.all([bot.clock.advance(30 * hour), other.bot.clock.advance(30 * hour)]);
    await bot.idle();
    const posts = [...bot.adapter.posts, ...other.bot.adapter.posts];
    expect(posts.filter(({ isAnnouncement }) => isAnnouncement)).toHaveLength(1);
  });

  it('comes at the time that is configured, in its time zone', async () => {
    const digest = { ...place, cron: '30 7 * * *', timeZone: 'America/New_York' };
    const { bot } = await desk({ digest });
    const count = async (untilMs: number) => {
      await bot.clock.advance(untilMs);
      await bot.idle();
      return bot.adapter.posts.length;
    };
    expect(await count(12.4 * hour)).toBe(0);
    expect(await count(0.2 * hour)).toBe(1);
  });
});
