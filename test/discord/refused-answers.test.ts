import { describe, expect, it } from 'vitest';
import { newPath, newTwin, startBot, untilSaid } from './bot-on-twin.ts';
import { post } from './interact.ts';
import { listen } from './listen.ts';
import type { Twin } from './twin-fixture.ts';

const sentence =
  'I have an answer, but it cannot be posted here: it is refused. Please ask in other words.';

/** Discord refuses what says a word. */
function refuse(twin: Twin, word: string, status: number, body: object) {
  twin.front.intercept(({ method, body: sent }) =>
    method !== 'GET' && String(sent.content ?? '').includes(word) ? { status, body } : undefined,
  );
}

describe('an answer that Discord refuses for good', () => {
  it('is told to its person and the operator, and the next person in the channel is answered', async () => {
    const twin = await newTwin();
    refuse(twin, 'badword', 400, {
      code: 240000,
      message: 'Message blocked by harmful links filter',
    });
    const { notices, idle } = await startBot(twin, await newPath(), ['It says badword.', 'Fine.']);
    const first = await twin.ask('Read the sign, please');
    await untilSaid(twin, first, [sentence]);
    const second = await twin.ask('And this one?', { by: twin.ben });
    await untilSaid(twin, second, ['Fine.']);
    await idle();
    expect(notices.filter((notice) => notice.includes('240000'))).toEqual([
      `Discord refused a call for good with code 240000. It was an answer in the channel ${twin.channelId}. Its person is told so where possible, and the channel goes on.`,
    ]);
  });

  it.each([
    [400, { code: 50083, message: 'Thread is archived' }, 'platform.refused'],
    [400, { code: 50278, message: 'No.' }, 'platform.refused'],
    [403, { code: 30046, message: 'No.' }, 'platform.refused'],
    [404, { code: 0, message: '404: Not Found' }, 'platform.refused'],
    [413, { message: 'Too large' }, 'platform.refused'],
    [408, { code: 0, message: 'Timeout' }, 'platform.failed'],
    [401, { code: 0, message: '401: Unauthorized' }, 'platform.failed'],
  ])('is one of the status %i with %o', async (status, body, code) => {
    const setting = await listen();
    const { twin } = setting;
    refuse(twin, 'Red', status, body);
    const asked = await setting.event('message', await twin.ask('Which colour?'));
    await expect(post(setting, asked, 'Red.')).rejects.toMatchObject({ code });
  });
});
