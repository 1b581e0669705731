import type { AdapterHost, GivenAnswer } from '@vistazo/core';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { answered, type Listening, listen } from './listen.ts';

const homeSchema = z.looseObject({
  blocks: z.array(
    z.looseObject({
      type: z.string(),
      text: z.looseObject({ text: z.string() }).optional(),
      accessory: z.looseObject({}).optional(),
    }),
  ),
});

/** What the home of a person says, once it says something else than `before`. */
function home({ fake }: Listening, person: string, before = '') {
  return vi.waitFor(() => {
    const { blocks } = homeSchema.parse(fake.homeOf(person));
    const text = blocks.map((block) => block.text?.text ?? '').join('\n');
    if (text === before) throw new Error('It is not another one.');
    return text;
  });
}

describe("the app's home on Slack", () => {
  it('says what the bot can do, which model answers and where, in the language of the person', async () => {
    const here = await listen({
      host: {
        commands: [
          { name: 'tickets', description: 'Lists the tickets', options: [], pictures: 'none' },
        ],
        model: { id: 'SmolVLM', runs: 'server', contextLengthTokens: 8192, images: true },
      },
    });
    here.fake.interactions.openHome(here.ben);
    const text = await home(here, here.ben);
    expect(text).toContain('`/describe` Describe una imagen');
    expect(text).toContain('`/tickets` Lists the tickets');
    expect(text).toContain('Responde `SmolVLM`. Funciona en un servidor');
    expect(text).toContain('Todavía no hay ninguna.');
  });

  it('shows the last answers to the person, with a link to each', async () => {
    const answers: GivenAnswer[] = [];
    const asked: unknown[] = [];
    const answersTo: AdapterHost['answersTo'] = async (...person) => {
      asked.push(person);
      return answers;
    };
    const here = await listen({ host: { answersTo } });
    const { fake, ana, general } = here;
    const { asked: question } = await answered(here);
    const { tenant, conversationKey, messageId } = question;
    const askedAtMs = 1_700_000_000_000;
    answers.push(
      { tenant, conversationKey, messageId, askedAtMs, beginning: 'A *chart* of <@U1>' },
      {
        tenant,
        conversationKey: `${general}:command-1.2.3`,
        messageId: 'command:1700000000000.1.2.3',
        askedAtMs,
        beginning: 'What a command said',
      },
    );
    fake.interactions.openHome(ana);
    const text = await home(here, ana);
    expect(asked).toEqual([[tenant, ana, 5]]);
    expect(text).toContain('&lt;@U1&gt;');
    expect(text).not.toContain('*chart*');
    expect(text).toContain(
      `|2023-11-14> · <https://fake.example/archives/${general}/p${messageId.replace('.', '')}|Open>`,
    );
    expect(text).toContain('What a command said');
  });

  it('keeps the language that a person wants, for all that the bot says itself', async () => {
    const here = await listen();
    const { fake, ana, general } = here;
    fake.interactions.openHome(ana);
    const english = await home(here, ana);
    await fake.interactions.pressInView(ana, 'vistazo_home_language', 'es');
    expect(await home(here, ana, english)).toContain('Tus ajustes');
    await fake.interactions.command(ana, general, '/model');
    const model = await here.told(ana);
    expect(model).toContain('Responde');
    await fake.interactions.pressInView(ana, 'vistazo_home_language', 'slack');
    await fake.interactions.command(ana, general, '/model');
    expect(await here.told(ana, model)).toContain('answers.');
  });

  it('has the person forgotten, with their settings, and says so', async () => {
    const forgotten: unknown[] = [];
    const here = await listen({ host: { forget: async (...who) => void forgotten.push(who) } });
    const { fake, ana } = here;
    fake.interactions.openHome(ana);
    const english = await home(here, ana);
    await fake.interactions.pressInView(ana, 'vistazo_home_language', 'es');
    const spanish = await home(here, ana, english);
    await fake.interactions.pressInView(ana, 'vistazo_home_forget');
    expect(await home(here, ana, spanish)).toContain('I have forgotten what you asked me here.');
    expect(forgotten).toEqual([[fake.team.id, ana]]);
  });

  it('comes also where the last answers cannot be had', async () => {
    const here = await listen({
      host: {
        answersTo: async () => {
          throw new Error('no store');
        },
      },
    });
    here.fake.interactions.openHome(here.ana);
    expect(await home(here, here.ana)).toContain('There are none yet.');
  });

  it('is not pressed in a channel, whatever a message there says', async () => {
    const forgotten: unknown[] = [];
    const here = await listen({ host: { forget: async (...who) => void forgotten.push(who) } });
    const { fake, ana, general } = here;
    const { ts } = fake.people.post({ channel: general, user: ana, text: 'Press this.' });
    await fake.outbox.send('interactive', {
      type: 'block_actions',
      team: { id: fake.team.id },
      user: { id: ana, name: 'ana', team_id: fake.team.id },
      api_app_id: fake.world.appId,
      trigger_id: fake.interactions.triggers.issue(ana),
      channel: { id: general, name: 'general' },
      message: { ts },
      actions: [{ type: 'button', action_id: 'vistazo_home_forget', block_id: 'any' }],
    }).settled;
    await fake.interactions.command(ana, general, '/help');
    expect(forgotten).toEqual([]);
  });
});
