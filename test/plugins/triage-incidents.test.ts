import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { desk, dialogOf, type Reading } from './triage-fixture.ts';

const announce = { adapter: 'memory', conversationKey: 'team' };
const day = 86_400_000;

/** Which incident each of these is of, one message after the other, all with a picture of their own. */
async function incidentsOf(...readings: Reading[]): Promise<(number | undefined)[]> {
  const { bot } = await desk({}, ...readings);
  const incidents: (number | undefined)[] = [];
  for (const [index] of readings.entries()) {
    const picture = await dialogOf([`${index}`], { x: 20 + 120 * index, fill: '#ffffff' });
    const card = await bot.ask('It broke!', { pictures: [picture] });
    incidents.push(Number(/Same as ticket (\d+)/.exec(card)?.[1] ?? index + 1));
  }
  return incidents;
}

describe('incidents', () => {
  it('take in tickets with the same error message, and the card says so', async () => {
    const { bot, post } = await desk({}, {}, {}, {});
    expect(await post()).not.toContain('Same as');
    await bot.clock.advance(day);
    expect(await post()).toContain('**Same as ticket 1** (2 times since 2026-01-01)');
    expect(await post()).toContain('**Same as ticket 1** (3 times since 2026-01-01)');
  });

  it('tell a conversation nothing of what came up elsewhere', async () => {
    const { post } = await desk({}, {}, {}, {});
    await post({ conversationKey: 'D-ANA' });
    expect(await post({ conversationKey: 'C-BEN' })).not.toContain('Same as');
    expect(await post({ conversationKey: 'C-BEN' })).toContain('**Same as ticket 2** (2 times');
  });

  it('take messages as the same whose capitals, blanks, numbers and ids differ', async () => {
    const errorCode = '';
    expect(
      await incidentsOf(
        { errorCode, errorMessage: 'Job 4711 failed  at 10:04.' },
        { errorCode, errorMessage: 'job 12 failed at 23:59' },
        { errorCode, errorMessage: 'Job 9f1c2b7e-1111-4222-8333-abcdefabcdef failed at 1:2.' },
        { errorCode, errorMessage: 'Jobs failed at 10:04.' },
      ),
    ).toEqual([1, 1, 1, 4]);
  });

  it('keep products and error codes apart', async () => {
    const errorMessage = 'Access denied.';
    expect(
      await incidentsOf(
        { errorMessage, errorCode: 'E-1' },
        { errorMessage, errorCode: 'E-2' },
        { errorMessage, errorCode: 'E-1', product: 'Chat' },
        { errorMessage, errorCode: 'e-1', product: 'mail' },
      ),
    ).toEqual([1, 2, 3, 1]);
  });

  it('take in a copy of the picture that was made smaller and whose words were misread', async () => {
    const { bot } = await desk(
      {},
      { errorMessage: 'The disk is full.', errorCode: 'E-4312', product: 'Mail' },
      { errorMessage: 'The dlsk is fuil.', errorCode: 'E-4312', product: 'Mall' },
    );
    const picture = await dialogOf(['The disk is full.', 'E-4312']);
    await bot.ask('It broke!', { pictures: [picture] });
    const copy = await sharp(picture).resize(300).jpeg({ quality: 60 }).toBuffer();
    expect(await bot.ask('Here too!', { pictures: [copy] })).toContain('Same as ticket 1');
  });

  it('keep dialogs of one look apart that say something else', async () => {
    const { bot } = await desk(
      {},
      { errorMessage: 'The disk is full.' },
      { errorMessage: 'Login failed.' },
    );
    await bot.ask('It broke!', { pictures: [await dialogOf(['The disk is full.'])] });
    const other = await bot.ask('It broke!', { pictures: [await dialogOf(['Login failed.'])] });
    expect(other).not.toContain('Same as');
  });

  it('take pictures without words as the same only when they are', async () => {
    const nothing = { errorMessage: '', errorCode: '' };
    const { bot } = await desk({}, nothing, nothing, nothing);
    const [picture, other] = [await dialogOf(['Yes']), await dialogOf(['No'])];
    await bot.ask('Look!', { pictures: [picture] });
    expect(await bot.ask('Look!', { pictures: [other] })).not.toContain('Same as');
    expect(await bot.ask('Look!', { pictures: [picture] })).toContain('Same as ticket 1');
  });

  it('end when their tickets are closed, and after the days that are configured', async () => {
    const { bot, post } = await desk({ groupDays: 2 }, {}, {}, {});
    await post();
    await bot.ask('/ticket number=1 status=closed');
    expect(await post()).not.toContain('Same as');
    await bot.clock.advance(3 * day);
    expect(await post()).not.toContain('Same as');
  });

  it('are never made where no days are configured', async () => {
    const { post } = await desk({ groupDays: 0 }, {}, {});
    await post();
    expect(await post()).not.toContain('Same as');
  });

  it.each([
    ['once', false, ['Ticket 1']],
    ['for every ticket where that is wanted', true, ['Ticket 1', 'Ticket 2']],
  ])('are announced %s', async (_, announceRepeats, expected) => {
    const { bot, post } = await desk({ rules: [{ when: {}, announce }], announceRepeats }, {}, {});
    await post();
    await post();
    await bot.idle();
    const told = bot.adapter.posts.filter(({ isAnnouncement }) => isAnnouncement);
    expect(told.map(({ text }) => text.slice(2, 10))).toEqual(expected);
  });

  it('do not part when their tickets come at once', async () => {
    const { bot } = await desk({}, {}, {}, {}, {});
    const picture = await dialogOf(['Error']);
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((conversationKey) =>
        bot.adapter.say('Broken!', { conversationKey, pictures: [picture] }),
      ),
    );
    await bot.idle();
    const values = bot.store.pluginStorage('triage', 'tenant');
    const kept = await Promise.all((await values.keys('ticket ')).map((key) => values.get(key)));
    const incidents = new Set(kept.map((ticket) => Object(ticket).incident));
    expect(kept).toHaveLength(4);
    expect(incidents.size).toBe(1);
  });

  it('are of one tenant', async () => {
    const { post } = await desk({}, {}, {});
    await post();
    expect(await post({ tenant: 'other' })).not.toContain('Same as');
  });
});
