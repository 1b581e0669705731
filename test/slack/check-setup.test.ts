import { testHost } from '@vistazo/core/testing';
import { createSlackAdapter } from '@vistazo/slack';
import { describe, expect, it } from 'vitest';
import { checkSetup, type SetupToCheck } from '../../packages/slack/src/check-setup.ts';
import { requiredScopes } from '../../packages/slack/src/manifest/scopes.ts';
import { type ApiAnswer, startApi } from './api-server.ts';

const features = {
  hearsChannels: true,
  commands: true,
  assistant: false,
  home: false,
  postsFiles: false,
};
const scopes = requiredScopes(features).map(({ scope }) => scope);

const identity = { ok: true, team: 'Acme', team_id: 'T1', user: 'looker', bot_id: 'B1' };

/** What is found where Slack answers so. */
async function check(
  answers: Record<string, ApiAnswer>,
  setup: Partial<SetupToCheck> = { botToken: 'xoxb-SECRET' },
) {
  const { slackApiUrl, calls } = await startApi(
    ({ method }) => answers[method] ?? { json: { ok: false, error: 'unknown_method' } },
  );
  const signal = AbortSignal.timeout(60_000);
  const findings = await checkSetup({ features, slackApiUrl, ...setup }, signal);
  expect(JSON.stringify(findings)).not.toContain('SECRET');
  return { findings, calls };
}

const withScopes = (given: readonly string[], json: Record<string, unknown> = identity) => ({
  'auth.test': { json, headers: { 'x-oauth-scopes': given.join(',') } },
});

const refusal = (method: string, error: string) => ({ [method]: { json: { ok: false, error } } });

describe('what the adapter for Slack finds before it is started', () => {
  it('is whose the token is, and that it has the scopes that the bot uses', async () => {
    const { findings, calls } = await check(withScopes(scopes));
    expect(findings).toEqual([
      { ok: true, sentence: 'The botToken is that of looker in the workspace Acme (T1).' },
      { ok: true, sentence: 'The botToken has the scopes that the bot uses.' },
    ]);
    expect(calls.map(({ method, token }) => [method, token])).toEqual([
      ['auth.test', 'xoxb-SECRET'],
    ]);
  });

  it('is which tokens are lacking, without which it does not start', async () => {
    const adapter = createSlackAdapter({ appToken: undefined });
    const lacking = await adapter.check?.({ signal: AbortSignal.timeout(60_000) });
    expect(lacking).toEqual([
      { ok: false, sentence: expect.stringContaining('either a botToken or installation') },
      { ok: false, sentence: expect.stringContaining('either an appToken') },
    ]);
    await expect(adapter.start(testHost({}))).rejects.toMatchObject({
      code: 'option.invalid',
      message: lacking?.[0]?.sentence,
    });
  });

  it('is each scope that is lacking, and what for, and those that are not used', async () => {
    const given = [...scopes.filter((scope) => scope !== 'files:read'), 'admin'];
    const { findings } = await check(withScopes(given));
    expect(findings.slice(1)).toEqual([
      {
        ok: false,
        sentence:
          'The botToken lacks the scope files:read, which is needed to see the pictures that people post, in place of which Slack gives its login page otherwise; add it on the page OAuth & Permissions of your app at https://api.slack.com/apps, and install the app anew.',
      },
      { ok: true, sentence: 'The botToken has scopes that the bot does not use: admin.' },
    ]);
  });

  it('says so where Slack names no scopes', async () => {
    const { findings } = await check({ 'auth.test': { json: identity } });
    expect(findings[1]).toEqual({ ok: true, sentence: expect.stringContaining('does not say') });
  });

  it.each([
    ['invalid_auth', 'Slack refuses the botToken (invalid_auth); copy'],
    ['token_revoked', 'is not valid any more (token_revoked)'],
    ['account_inactive', 'is not valid any more (account_inactive)'],
    ['fatal_error', 'Slack refused to say whose the botToken is (fatal_error)'],
  ])('is that the token is not taken: %s', async (error, sentence) => {
    const { findings } = await check(refusal('auth.test', error));
    expect(findings).toEqual([{ ok: false, sentence: expect.stringContaining(sentence) }]);
  });

  it('is that the token is a person’s', async () => {
    const { bot_id: _, ...person } = identity;
    const { findings } = await check(withScopes(scopes, person));
    expect(findings).toEqual([{ ok: false, sentence: expect.stringContaining('of a person') }]);
  });

  it.each([
    [{ ok: true, url: 'wss://slack' }, true, 'The appToken can connect by Socket Mode.'],
    [{ ok: false, error: 'missing_scope' }, false, 'lacks the scope connections:write, which is'],
    [{ ok: false, error: 'not_allowed_token_type' }, false, 'Slack refuses the appToken'],
    [{ ok: false, error: 'something_else' }, false, 'turn Socket Mode on'],
  ])('is whether the token of the app can connect: %o', async (json, ok, sentence) => {
    const { findings } = await check(
      { 'apps.connections.open': { json } },
      { appToken: 'xapp-SECRET' },
    );
    expect(findings).toEqual([{ ok, sentence: expect.stringContaining(sentence) }]);
  });

  it.each([
    ['0123456789abcdef0123456789abcdef', true, 'has the form of one'],
    ['xoxb-SECRET', false, 'is none, which has 32 digits'],
  ])('is whether the signing secret can be one: %s', async (signingSecret, ok, sentence) => {
    const { findings } = await check({}, { signingSecret });
    expect(findings).toEqual([{ ok, sentence: expect.stringContaining(sentence) }]);
  });

  it('is where workspaces install it, where several do', async () => {
    const { findings } = await check({}, { installUrl: 'https://bot.example.com/slack/install' });
    expect(findings).toEqual([
      { ok: true, sentence: 'Workspaces install the bot at https://bot.example.com/slack/install' },
    ]);
  });

  it('is that Slack cannot be reached', async () => {
    const { findings } = await check(
      {},
      // Nothing listens at this port.
      { botToken: 'xoxb-SECRET', slackApiUrl: 'http://127.0.0.1:1/api/' },
    );
    expect(findings).toEqual([
      { ok: false, sentence: 'Slack could not be reached; check the network.' },
    ]);
  });

  it('is not waited for once it is not wanted any more', async () => {
    const never = Promise.withResolvers<ApiAnswer>();
    const { slackApiUrl } = await startApi(() => never.promise);
    const setup = { features, slackApiUrl, botToken: 'xoxb-SECRET' };
    await expect(checkSetup(setup, AbortSignal.timeout(50))).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});
