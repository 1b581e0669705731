import { triage } from '@vistazo/plugins';
import { describe, expect, it } from 'vitest';
import { pictureOf } from '../core/bot/bot-fixture.ts';
import { answerOf, desk, deskOn } from './triage-fixture.ts';

describe('triage', () => {
  it('makes a screenshot a ticket, which is shown and kept', async () => {
    const { bot, post } = await desk({ products: ['Mail', 'Chat'] }, {});
    expect(await post()).toBe(
      [
        '**Ticket 1** · Mail · **high** · open',
        '> Error 500: see https[:]//evil.example',
        'Outbox · code 500 · en',
        'Ana cannot send mail.',
        '**Next step:** Restart the server.',
        'Correct: /ticket number=1 severity=… product=… summary=… error-message=… next-step=…\nClose: /ticket number=1 status=closed',
      ].join('\n\n'),
    );
    const [system, asked] = bot.model.prompts[0] ?? [];
    expect(system?.content).toContain('one of Mail, Chat; other when');
    expect(asked?.content).toContainEqual({
      type: 'text',
      text: 'Fill in the ticket. ⟦what the person wrote: It broke!⟧',
    });
    expect(bot.model.options[0]?.jsonSchema).toMatchObject({
      properties: { product: { enum: ['Mail', 'Chat', 'other'] } },
    });
    expect(await bot.ask('/tickets')).toBe('1 · Mail · high · open · Ana cannot send mail.');
  });

  it('makes a ticket by a command too, where it does not look by itself', async () => {
    const { bot, post } = await desk({ conversations: ['elsewhere'] }, {});
    expect(await post({}, '/triage-screenshot')).toMatch(/^\*\*Ticket 1\*\* · Mail/);
    expect(await bot.ask('/tickets')).toMatch(/^1 · Mail/);
  });

  it('lets a message without a picture be answered as any other', async () => {
    const { bot } = await desk({});
    expect(await bot.ask('Hello!')).toBe('Yes.');
    expect(await bot.ask('/tickets')).toBe('There are none.');
  });

  it.each([
    ['by product', { product: 'mail' }],
    ['by severity', { severity: 'medium' }],
    ['by what it says', { contains: 'ERROR 500' }],
  ] as const)('tells those whom a rule says, once: %s', async (_, when) => {
    const mail = { adapter: 'memory', conversationKey: 'mail-team' };
    const { bot, post } = await desk(
      {
        rules: [
          { when: { product: 'Chat' }, announce: { ...mail, conversationKey: 'chat-team' } },
          { when, announce: mail },
          { when: {}, announce: { ...mail, conversationKey: 'rest' } },
        ],
      },
      {},
      { product: 'Shop', severity: 'low', errorMessage: '' },
    );
    await post();
    await post();
    await bot.idle();
    const told = bot.adapter.posts.filter(({ isAnnouncement }) => isAnnouncement);
    expect(told.map(({ conversationKey }) => conversationKey)).toEqual(['mail-team', 'rest']);
    expect(told[0]?.text).toMatch(/^\*\*Ticket 1\*\* .*From Ana\.\n\nCorrect: \/ticket/s);
  });

  it('names a rule for a platform that the bot is not on, and shows the ticket', async () => {
    const announce = { adapter: 'nowhere', conversationKey: 'team' };
    const { faults, post } = await desk({ rules: [{ when: {}, announce }] }, {});
    expect(await post()).toMatch(/^\*\*Ticket 1/);
    expect(faults).toEqual([expect.stringMatching(/There is no adapter "nowhere"/)]);
  });

  it('keeps what people put right, also when the message is changed', async () => {
    const { bot } = await desk({}, {}, { severity: 'critical', summary: 'Nobody can.' });
    const event = await bot.adapter.say('It broke!', { pictures: [await pictureOf(255)] });
    await bot.idle();
    expect(await bot.ask('/ticket number=1 severity=low next-step="Ask Ana"')).toMatch(
      /· \*\*low\*\* · open.*Ask Ana\n/s,
    );
    const edited = {
      ...event,
      type: 'edited',
      eventId: 'again',
      text: 'It broke for all!',
    } as const;
    await bot.adapter.deliver(edited);
    await bot.idle();
    expect(await bot.ask('/ticket number=1')).toMatch(/low.*Nobody can\..*Ask Ana\n/s);
  });

  it('has buttons to correct a ticket and to close it, where it is shown and announced', async () => {
    const announce = { adapter: 'memory', conversationKey: 'mail-team' };
    const buttons = { buttons: true, modals: true };
    const { bot, post } = await deskOn(buttons, { rules: [{ when: {}, announce }] }, {});
    expect(await post()).toMatch(/Restart the server\.$/);
    await bot.idle();
    const [card, announced] = bot.adapter.posts;
    expect(announced?.actions).toEqual(card?.actions);
    expect(card?.actions[0]?.ask).toContainEqual({ option: 'severity', value: 'high' });
    const values = { severity: 'low', 'next-step': 'Ask Ana' };
    expect(await bot.press('Correct', { postId: card?.id ?? '', values })).toMatch(
      /· \*\*low\*\* · open.*Ask Ana$/s,
    );
    // Whoever corrects an older card takes nothing back that was put right since.
    const later = { postId: announced?.id ?? '', values: { summary: 'All is down.' } };
    expect(await bot.press('Correct', later)).toMatch(/low.*All is down\..*Ask Ana$/s);
    expect(await bot.press('Close')).toMatch(/low\*\* · closed/);
    expect(await bot.press('Open again')).toMatch(/low\*\* · open/);
  });

  it('lets operators alone press the buttons, where there are some', async () => {
    const { bot, post } = await deskOn({ buttons: true }, { operators: ['bo'] }, {});
    await post();
    expect(await bot.press('Close')).toMatch(/operators/);
    expect(await bot.press('Close', { author: { id: 'bo', name: 'Bo' } })).toMatch(/closed/);
  });

  it('closes tickets, and lists those that are wanted', async () => {
    const { bot, post } = await desk({}, {}, { product: 'Chat' }, { product: 'Mail' });
    for (const _ of [1, 2, 3]) await post();
    await bot.ask('/ticket number=3 status=closed');
    const numbers = async (call: string) =>
      (await bot.ask(call)).split('\n').map((line) => Number(line.split(' ')[0]));
    expect(await numbers('/tickets')).toEqual([2, 1]);
    expect(await numbers('/tickets status=all')).toEqual([3, 2, 1]);
    expect(await numbers('/tickets status=all product=mail limit=1')).toEqual([3]);
    expect(await bot.ask('/ticket number=9')).toBe('There is no ticket 9 here.');
  });

  it('gives tickets that come at once numbers of their own', async () => {
    const { bot } = await desk({ operators: ['ana'] }, {}, {}, {}, {});
    const picture = await pictureOf(255);
    const keys = ['a', 'b', 'c', 'd'];
    await Promise.all(
      keys.map((conversationKey) =>
        bot.adapter.say('Broken!', { conversationKey, pictures: [picture] }),
      ),
    );
    await bot.idle();
    const list = await bot.ask('/tickets');
    expect(list.split('\n').map((line) => line.split(' ')[0])).toEqual(['4', '3', '2', '1']);
  });

  it('acts where it is meant to, and obeys operators where there are some', async () => {
    const { bot, post } = await desk({ conversations: ['help*'], operators: ['bo'] }, {});
    const elsewhere = await post();
    expect(elsewhere).not.toContain('Ticket');
    bot.model.say(answerOf({}));
    expect(await post({ conversationKey: 'help, thread 7' })).toContain('Ticket 1');
    expect(await bot.ask('/tickets')).toBe('That is for the operators of this bot.');
    expect(await bot.ask('/ticket number=1 status=closed')).toMatch(/operators/);
    expect(await bot.ask('/tickets', { author: { id: 'bo', name: 'Bo' } })).toMatch(/^1 · Mail/);
  });

  it('shows tickets where they were made, and elsewhere to the operators that are named', async () => {
    const ben = { id: 'ben', name: 'Ben' };
    const made = { conversationKey: 'D-ANA' };
    for (const operators of [undefined, ['bo']]) {
      const { bot, post } = await desk(operators === undefined ? {} : { operators }, {});
      await post(made);
      const elsewhere = { conversationKey: 'C-BEN', author: ben };
      for (const call of ['/tickets', '/ticket number=1', '/ticket number=1 status=closed'])
        expect(await bot.ask(call, elsewhere)).toMatch(
          operators === undefined ? /^There (are none|is no ticket 1 here)\.$/ : /operators/,
        );
      const asker = operators === undefined ? {} : { author: { id: 'bo', name: 'Bo' } };
      expect(await bot.ask('/tickets', { ...made, ...asker })).toMatch(/^1 · Mail · high · open/);
      if (operators !== undefined)
        expect(await bot.ask('/ticket number=1', { ...elsewhere, ...asker })).toMatch(/Ticket 1/);
    }
  });

  it('shows a channel the tickets of its threads, and nobody those of somebody else’s private answers', async () => {
    const { bot, post } = await desk({}, {}, {}, {});
    await post({ conversationKey: 'C1:17.5' });
    await post({ conversationKey: 'private:ana:C1:18.1' });
    const numbersIn = async (conversationKey: string) =>
      (await bot.ask('/tickets', { conversationKey })).match(/^\d+/gm) ?? [];
    expect(await numbersIn('C1:call')).toEqual(['1']);
    expect(await numbersIn('C1')).toEqual(['1']);
    expect(await numbersIn('private:ana:C1')).toEqual(['2', '1']);
    expect(await numbersIn('private:ben:C1')).toEqual(['1']);
    expect(await numbersIn('C2')).toEqual([]);
    expect(await numbersIn('private:ana:C2')).toEqual([]);
  });

  it('lets people correct a ticket where its rule announced it', async () => {
    const rules = [{ when: {}, announce: { adapter: 'memory', conversationKey: 'on-call' } }];
    const { bot, post } = await desk({ rules }, {});
    await post();
    const close = '/ticket number=1 status=closed';
    expect(await bot.ask(close, { conversationKey: 'lobby' })).toMatch(/no ticket 1 here/);
    expect(await bot.ask(close, { conversationKey: 'on-call' })).toContain('closed');
  });

  it('refuses options that are mistyped', () => {
    const mistyped: object = { produtcs: ['Mail'] };
    expect(() => triage(mistyped)).toThrow(/Unrecognized key: "produtcs"/);
  });

  it('never shows a tenant the tickets of another one', async () => {
    const { bot, post } = await desk({}, {}, {});
    await post();
    expect(await bot.ask('/tickets', { tenant: 'other' })).toBe('There are none.');
    expect(await post({ tenant: 'other' })).toContain('Ticket 1');
  });

  it('forgets the tickets of a person, and who corrected those of others', async () => {
    const { bot, post } = await desk({}, {}, {});
    await post();
    await post({ author: { id: 'ben', name: 'Ben' } });
    await bot.ask('/ticket number=2 severity=low');
    const forget = () => bot.forget({ tenant: 'tenant', person: { adapter: 'memory', id: 'ana' } });
    await forget();
    expect(await bot.ask('/tickets')).toMatch(/^2 · Mail · low/);
    const values = bot.store.pluginStorage('triage', 'tenant');
    const kept = await Promise.all((await values.keys()).map((key) => values.get(key)));
    expect(JSON.stringify(kept)).not.toMatch(/"ana"|"Ana"/);
  });

  it('keeps open tickets, and closed ones as long as everything', async () => {
    const { bot, post } = await desk({}, {}, {});
    await post();
    await post();
    await bot.ask('/ticket number=1 status=closed');
    await bot.clock.advance(31 * 86_400_000);
    expect(await bot.ask('/tickets status=all')).toMatch(/^2 · [^\n]*$/);
    bot.model.say(answerOf({}));
    expect(await post()).toContain('Ticket 3');
  });
});
