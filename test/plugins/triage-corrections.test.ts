import { describe, expect, it } from 'vitest';
import { desk, reading } from './triage-fixture.ts';

const exportToken = 'a token of this test, long enough for one';
const address = 'http://localhost/plugins/triage/corrections.jsonl';
const asking = (query = '?tenant=tenant', token = exportToken) =>
  new Request(`${address}${query}`, { headers: { authorization: `Bearer ${token}` } });

describe('what people corrected', () => {
  it('is given as rows to learn from: picture, question, and the answer as it should have been', async () => {
    const { bot, post } = await desk({ exportToken }, {}, { errorMessage: 'Never touched.' });
    await post();
    await post();
    await bot.ask('/ticket number=1 severity=low');
    await bot.ask('/ticket number=1 severity=critical error-code=E-500');
    await bot.ask('/ticket number=2 status=closed');
    const response = await bot.fetch(asking());
    expect(response.status).toBe(200);
    const rows = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(1);
    const { images_file_names: names, messages, ...about } = rows[0];
    expect(names).toEqual([expect.stringMatching(/^images\/[0-9a-f]{64}\.png$/)]);
    expect(about).toEqual({ ticket: 1, read: { severity: 'high', errorCode: '500' } });
    expect(messages.map(({ role }: { role: string }) => role)).toEqual([
      'system',
      'user',
      'assistant',
    ]);
    expect(messages[1].content).toEqual([
      { type: 'image' },
      { type: 'text', text: 'Fill in the ticket.' },
    ]);
    expect(JSON.parse(messages[2].content[0].text)).toEqual({
      ...reading,
      severity: 'critical',
      errorCode: 'E-500',
    });
  });

  it('is a row for each field that is asked for, where tickets are read by questions', async () => {
    const { bot, post } = await desk({ exportToken, reading: 'questions' });
    bot.model.say('Acess denied.', 'Mial', 'E-1');
    await post();
    await bot.ask('/ticket number=1 error-message="Access denied." product=Mail severity=low');
    const rows = (await (await bot.fetch(asking())).text()).trim().split('\n');
    const said = rows.map((row) =>
      JSON.parse(row).messages.map(({ content }: { content: { text?: string }[] }) =>
        content.map(({ text }) => text ?? 'picture').join(' '),
      ),
    );
    expect(said).toEqual([
      ["picture What is the app's name?", 'Mail'],
      ['picture What does the message say?', 'Access denied.'],
    ]);
  });

  it('is for who bears the token alone, and of the tenant that is asked for', async () => {
    const { bot, post } = await desk({ exportToken }, {});
    await post();
    await bot.ask('/ticket number=1 severity=low');
    expect((await bot.fetch(asking('?tenant=tenant', 'wrong'))).status).toBe(401);
    expect((await bot.fetch(new Request(`${address}?tenant=tenant`))).status).toBe(401);
    expect((await bot.fetch(asking(''))).status).toBe(400);
    expect(await (await bot.fetch(asking('?tenant=other'))).text()).toBe('');
  });

  it('is given to nobody where there is no token', async () => {
    const { bot } = await desk({});
    expect((await bot.fetch(asking())).status).toBe(404);
  });
});
