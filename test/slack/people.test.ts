import { testHost } from '@vistazo/core/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { People } from '../../packages/slack/src/people.ts';
import { SettingsOfPeople } from '../../packages/slack/src/person-settings.ts';
import { SlackApi } from '../../packages/slack/src/slack-api.ts';
import { startFake } from './hearing.ts';

const hourMs = 3_600_000;

/** Who the fake's Ana is called, and a clock that is set forward. */
async function known() {
  const { fake, ana } = await startFake();
  const api = new SlackApi({
    tokenOf: async () => fake.bot.botToken,
    clientOptions: { slackApiUrl: fake.apiUrl },
    notify: () => {},
  });
  const people = new People(api, new SettingsOfPeople((tenant) => testHost().storage(tenant)));
  const name = async () => (await people.of(fake.team.id, ana)).name;
  const rename = (to: string) => fake.world.users.set(ana, { ...fake.world.user(ana), name: to });
  const asked = () => fake.api.callsOf('users.info').length;
  let passedMs = 0;
  const clock = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => clock() + passedMs);
  onTestFinished(() => void vi.restoreAllMocks());
  const pass = (durationMs: number) => {
    passedMs += durationMs;
  };
  return { fake, rename, name, asked, pass };
}

describe('the name of a person on Slack', () => {
  it('is asked for once in an hour, and that of before is good until Slack says the new one', async () => {
    const { rename, name, asked, pass } = await known();
    expect(await name()).toBe('Ana');
    rename('Anna');
    pass(hourMs / 2);
    expect(await name()).toBe('Ana');
    expect(asked()).toBe(1);
    pass(hourMs);
    expect(await name()).toBe('Ana');
    await vi.waitFor(async () => expect(await name()).toBe('Anna'));
    expect(asked()).toBe(2);
  });

  it('stays where Slack does not say it again', async () => {
    const { fake, name, asked, pass } = await known();
    expect(await name()).toBe('Ana');
    fake.bot.state = 'token_revoked';
    pass(2 * hourMs);
    expect(await name()).toBe('Ana');
    await vi.waitFor(() => expect(asked()).toBe(2));
    expect(await name()).toBe('Ana');
  });
});
