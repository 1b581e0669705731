import type { TestBot } from '@vistazo/core/testing';
import { triage } from '@vistazo/plugins';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { deskOn } from './triage-fixture.ts';

const places = {
  leads: { adapter: 'memory', conversationKey: 'leads' },
  vendor: { adapter: 'memory', conversationKey: 'vendor' },
};
const operators = ['ana'];
const postedPictures = { maxPerPost: 10, maxBytes: 1_000_000 };
const [red, grey] = [
  [200, 0, 0],
  [0x60, 0x60, 0x60],
];

/** 20 × 10 px. */
const screenshot = () =>
  sharp({ create: { width: 20, height: 10, channels: 3, background: { r: 200, g: 0, b: 0 } } })
    .png()
    .toBuffer();

/** A desk with one ticket of a screenshot. */
async function withTicket(
  options: Partial<Parameters<typeof triage>[0]> = {},
  capabilities: Parameters<typeof deskOn>[0] = { postedPictures },
) {
  const { bot, faults } = await deskOn(capabilities, { places, operators, ...options }, {});
  const event = await bot.adapter.say('It broke!', { pictures: [await screenshot()] });
  await bot.idle();
  return { bot, faults, event };
}

const forwarded = ({ adapter }: TestBot) => adapter.posts.filter((post) => post.isAnnouncement);

/** Which pixels at these places are grey, of the picture that was forwarded last. */
async function coloursAt(bot: TestBot, ...at: [x: number, y: number][]) {
  const [picture] = forwarded(bot).at(-1)?.pictures ?? [];
  const { data, info } = await sharp(picture?.bytes).raw().toBuffer({ resolveWithObject: true });
  return at.map(([x, y]) => [
    ...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3),
  ]);
}

describe('forwarding a ticket', () => {
  it('shows card and picture at the place, the parts filled that a person chose', async () => {
    const { bot, faults } = await withTicket();
    const call = '/forward number=1 to=leads blur="10%,20%,30%,5%; 15,0,5,2"';
    expect(await bot.ask(call)).toBe(
      'Ticket 1 is forwarded to leads with its picture, 2 parts of which are filled.',
    );
    const [post, ...others] = forwarded(bot);
    expect(others).toEqual([]);
    expect(post).toMatchObject({ conversationKey: 'leads', tenant: 'tenant', actions: [] });
    expect(post?.text).toMatch(/^\*\*Ticket 1\*\* .*Forwarded by Ana\.$/s);
    expect(post?.pictures).toMatchObject([
      {
        name: 'ticket-1.png',
        description: 'Screenshot of ticket 1, 2 parts of which are filled: Ana cannot send mail.',
      },
    ]);
    // From 2 to 8 px, and the row that is touched by half a pixel.
    expect(
      await coloursAt(bot, [1, 2], [2, 2], [7, 2], [8, 2], [2, 3], [15, 0], [19, 1], [19, 2]),
    ).toEqual([red, grey, grey, red, red, grey, grey, red]);
    expect(faults).toEqual([]);
  });

  it('does the same once, and something else again', async () => {
    const { bot } = await withTicket();
    await bot.ask('/forward number=1 to=leads blur=0,0,5,5');
    expect(await bot.ask('/forward number=1 to=leads blur="0, 0, 25%, 50%"')).toBe(
      'Ticket 1 was forwarded to leads like this before. Nothing is forwarded.',
    );
    expect(await bot.ask('/forward number=1 to=vendor blur=0,0,5,5')).toMatch(/one part of which/);
    expect(await bot.ask('/forward number=1 to=leads blur=none')).toBe(
      'Ticket 1 is forwarded to leads with its picture, nothing of which is filled.',
    );
    expect(await coloursAt(bot, [0, 0])).toEqual([red]);
    expect(forwarded(bot).map(({ conversationKey }) => conversationKey)).toEqual([
      'leads',
      'vendor',
      'leads',
    ]);
  });

  it.each([
    ['without saying what is to be filled', 'number=1 to=leads', /^Say which parts/],
    ['nothing in place of that', 'number=1 to=leads blur=""', /^A part is written as/],
    ['to a place that is none', 'number=1 to=toString blur=none', /there are \[leads, vendor\]/],
    ['a ticket that is none', 'number=7 to=leads blur=none', /^There is no ticket 7/],
    [
      'a picture that is none',
      'number=1 to=leads blur=none picture=2',
      /has no picture 2; it has 1/,
    ],
    ['a part outside of the picture', 'number=1 to=leads blur=18,0,5,5', /20 × 10 pixels/],
    ['a part without a size', 'number=1 to=leads blur=1,1,0,5', /is not in the picture/],
    ['a part with a sign', 'number=1 to=leads blur=-1,0,5,5', /^A part is written as/],
    ['a part with too few numbers', 'number=1 to=leads blur="0,0,5,5;1,2,3"', /“1,2,3” is not/],
    ['a part that is cut off', 'number=1 to=leads blur="0,0,5,5;"', /“” is not/],
    ['what was not put in quotes', 'number=1 to=leads blur=0,0,5,5; 1,1,2,2', /is not right/],
  ])('does nothing and says so: %s', async (_, options, said) => {
    const { bot } = await withTicket();
    expect(await bot.ask(`/forward ${options}`)).toMatch(said);
    expect(forwarded(bot)).toEqual([]);
  });

  it('is for operators', async () => {
    const { bot } = await withTicket();
    const author = { id: 'bo', name: 'Bo' };
    expect(await bot.ask('/forward number=1 to=leads blur=none', { author })).toBe(
      'That is for the operators of this bot.',
    );
    expect(forwarded(bot)).toEqual([]);
    expect(() => triage({ places })).toThrow(/must name who may forward/);
  });

  it('says so when the picture is gone with its message', async () => {
    const { bot, event } = await withTicket();
    await bot.adapter.deliver({ ...event, type: 'deleted', eventId: 'deletion' });
    expect(await bot.ask('/forward number=1 to=leads blur=none')).toMatch(
      /^The picture of ticket 1 is gone: .* Nothing is forwarded\.$/,
    );
  });

  it('keeps nothing of it when the ticket is forgotten', async () => {
    const { bot } = await withTicket();
    await bot.ask('/forward number=1 to=leads blur=none');
    const kept = () => bot.store.pluginStorage('triage', 'tenant').keys('forwarded');
    expect(await kept()).toHaveLength(1);
    await bot.forget({ tenant: 'tenant', person: { adapter: 'memory', id: 'ana' } });
    expect(await kept()).toEqual([]);
  });

  it('works from any conversation of the tenant, and from no other tenant', async () => {
    const { bot } = await withTicket();
    const call = '/forward number=1 to=leads blur=none';
    expect(await bot.ask(call, { tenant: 'another' })).toBe('There is no ticket 1.');
    expect(await bot.ask(call, { conversationKey: 'elsewhere' })).toMatch(/^Ticket 1 is forwarded/);
  });

  it('says at the place that it cannot show the picture where it cannot', async () => {
    const { bot } = await withTicket({}, {});
    await bot.ask('/forward number=1 to=leads blur=none');
    expect(forwarded(bot).map(({ text }) => text)).toEqual([
      expect.stringMatching(/Forwarded by Ana\.\n\nThe picture cannot be shown here\.$/),
    ]);
  });

  it('stands on the card, with a dialog, where there are places', async () => {
    const buttons = { postedPictures, buttons: true, modals: true };
    const { bot } = await withTicket({}, buttons);
    const blur = '0,0,50%,100%';
    expect(await bot.press('Forward', { values: { to: 'leads', blur } })).toMatch(
      /one part of which/,
    );
    expect(await bot.press('Forward', { values: { to: 'leads' } })).toMatch(/^Say which parts/);
    const labels = (each: TestBot) =>
      each.adapter.posts[0]?.actions.map(({ label, ask }) => [label, ask?.[0]?.value]);
    expect(labels(bot)?.at(-1)).toEqual(['Forward', undefined]);
    const one = await withTicket({ places: { leads: places.leads } }, buttons);
    expect(labels(one.bot)?.at(-1)).toEqual(['Forward', 'leads']);
    const none = await withTicket({ places: {} }, buttons);
    expect(labels(none.bot)?.map(([label]) => label)).toEqual(['Correct', 'Close']);
  });
});
