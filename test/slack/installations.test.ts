import { createHmac, randomBytes } from 'node:crypto';
import { App } from '@slack/bolt';
import type { AdapterStorage } from '@vistazo/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpReceiver } from '../../packages/slack/src/connection/http-receiver.ts';
import { HttpServer } from '../../packages/slack/src/connection/http-server.ts';
import {
  type InstallationOptions,
  Installations,
} from '../../packages/slack/src/installations/installations.ts';
import { startApi } from './api-server.ts';

const newKey = () => randomBytes(32).toString('base64');

/** Where the bot keeps what it knows of tenants, to be looked into. */
class Kept {
  readonly tenants = new Map<string, Map<string, unknown>>();

  readonly storage = (tenant: string): AdapterStorage => {
    const values = this.tenants.get(tenant) ?? new Map<string, unknown>();
    this.tenants.set(tenant, values);
    return {
      get: async (key) => structuredClone(values.get(key)),
      set: async (key, value) => void values.set(key, JSON.parse(JSON.stringify(value))),
      delete: async (key) => void values.delete(key),
      keys: async (prefix = '') => [...values.keys()].filter((key) => key.startsWith(prefix)),
    };
  };

  get text(): string {
    return JSON.stringify([...this.tenants].map(([tenant, values]) => [tenant, [...values]]));
  }
}

interface Workspace {
  team: { id: string; name: string } | null;
  enterprise?: { id: string; name: string };
  isOrg?: boolean;
  /** Of the token, where it runs out. */
  expiresInSeconds?: number;
}

/** A bot that workspaces install through a browser, with a stand-in for Slack's side of OAuth. */
async function start({
  kept = new Kept(),
  ...options
}: Partial<InstallationOptions> & { kept?: Kept } = {}) {
  const workspaces = new Map<string, Workspace>();
  const state = { refreshes: 0, isRefusing: false };
  const api = await startApi(async ({ method, body }) => {
    if (method === 'auth.test') return { json: { ok: true, bot_id: 'B1', url: 'https://org/' } };
    if (body.grant_type === 'refresh_token') {
      if (state.isRefusing) return { json: { ok: false, error: 'invalid_refresh_token' } };
      state.refreshes += 1;
      return {
        json: {
          ok: true,
          token_type: 'bot',
          access_token: `xoxe.xoxb-fresh-${state.refreshes}`,
          refresh_token: `xoxe-next-${state.refreshes}`,
          expires_in: 43_200,
        },
      };
    }
    const workspace = workspaces.get(body.code ?? '');
    if (workspace === undefined) return { json: { ok: false, error: 'invalid_code' } };
    const { team, enterprise = null, isOrg = false, expiresInSeconds } = workspace;
    return {
      json: {
        ok: true,
        app_id: 'A1',
        authed_user: { id: 'U-INSTALLER' },
        scope: 'chat:write,files:read',
        token_type: 'bot',
        access_token: `xoxb-of-${isOrg ? enterprise?.id : team?.id}`,
        bot_user_id: 'U0',
        team,
        enterprise,
        is_enterprise_install: isOrg,
        ...(expiresInSeconds !== undefined && {
          refresh_token: 'xoxe-first',
          expires_in: expiresInSeconds,
        }),
      },
    };
  });
  const notices: string[] = [];
  const installations = new Installations(
    {
      clientId: '1.2',
      clientSecret: 'CLIENT-SECRET',
      publicUrl: 'https://bot.example.com',
      ...(options.encryptionKeys === undefined && { encryptionKey: newKey() }),
      ...options,
    },
    {
      adapter: 'slack',
      storage: kept.storage,
      scopes: ['chat:write', 'files:read'],
      notify: (sentence) => notices.push(sentence),
      slackApiUrl: api.slackApiUrl,
    },
  );
  const server = new HttpServer({ port: 0, routes: installations.routes });
  await server.start();
  onTestFinished(() => server.stop());
  const get = (path: string, cookie = '') =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { redirect: 'manual', headers: { cookie } });
  /** A browser goes to the page, and comes back from Slack with a code. */
  const install = async (workspace: Workspace) => {
    const begun = await get('/slack/install');
    const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const authorizeUrl = new URL(begun.headers.get('location') ?? '');
    const code = `code-${workspaces.size}`;
    workspaces.set(code, workspace);
    const state = encodeURIComponent(authorizeUrl.searchParams.get('state') ?? '');
    const ended = await get(`/slack/oauth_redirect?code=${code}&state=${state}`, cookie);
    return { authorizeUrl, cookie, code, state, status: ended.status };
  };
  return { api, installations, install, get, kept, notices, state };
}

const acme = { team: { id: 'T1', name: 'Acme' } };

describe('installing the bot in a workspace', () => {
  it('asks for the scopes, and keeps the token for the workspace alone', async () => {
    const { install, installations } = await start();
    const { authorizeUrl, status } = await install(acme);
    expect(authorizeUrl.origin + authorizeUrl.pathname).toBe(
      'https://slack.com/oauth/v2/authorize',
    );
    expect(authorizeUrl.searchParams.get('scope')).toBe('chat:write,files:read');
    expect(authorizeUrl.searchParams.get('redirect_uri')).toBe(
      'https://bot.example.com/slack/oauth_redirect',
    );
    expect(status).toBe(200);
    expect(await installations.tokenOf('T1')).toBe('xoxb-of-T1');
    expect(await installations.authorize({ teamId: 'T1' })).toEqual({
      botToken: 'xoxb-of-T1',
      botId: 'B1',
      botUserId: 'U0',
      teamId: 'T1',
    });
    await expect(installations.tokenOf('T2')).rejects.toMatchObject({
      code: 'platform.gone',
      message:
        'The bot is not installed in the workspace T2; install it there at https://bot.example.com/slack/install.',
    });
  });

  it('keeps nothing that can be read without the key, and nothing of the person', async () => {
    const { install, kept, notices } = await start();
    await install(acme);
    expect(kept.text).toContain('T1');
    expect(kept.text).not.toMatch(/xoxb|U-INSTALLER|Acme|SECRET/);
    expect(notices).toEqual([]);
  });

  it('is refused to who did not begin it in the same browser', async () => {
    const { install, get, installations } = await start();
    const { state, cookie } = await install({ team: { id: 'T9', name: 'Other' } });
    for (const [query, browser] of [
      [`code=code-0&state=${state}`, ''],
      [`code=code-0&state=${state}`, `${cookie}x`],
      ['code=code-0&state=made-up', 'slack-app-oauth-state=made-up'],
      ['code=code-0', cookie],
    ] as const)
      expect((await get(`/slack/oauth_redirect?${query}`, browser)).status).toBe(400);
    await expect(installations.tokenOf('T1')).rejects.toThrow('not installed');
  });

  it('says so where Slack does not take the code, and where the person declines', async () => {
    const { get, install, installations } = await start();
    const { state, cookie } = await install(acme);
    const unknown = await get(`/slack/oauth_redirect?code=none&state=${state}`, cookie);
    expect(unknown.status).toBe(500);
    const declined = await get('/slack/oauth_redirect?error=access_denied', cookie);
    expect(declined.status).toBe(500);
    expect(await installations.tokenOf('T1')).toBe('xoxb-of-T1');
  });

  it('is undone when the workspace takes the bot out', async () => {
    const { install, installations, kept } = await start();
    await install(acme);
    await install({ team: { id: 'T2', name: 'Other' } });
    expect(await installations.tokenOf('T1')).toBe('xoxb-of-T1');
    expect(await installations.remove({ teamId: 'T1' })).toEqual(['T1']);
    await expect(installations.tokenOf('T1')).rejects.toMatchObject({ code: 'platform.gone' });
    expect(kept.tenants.get('T1')?.size).toBe(0);
    expect(await installations.tokenOf('T2')).toBe('xoxb-of-T2');
  });
});

describe('an installation in a whole organisation', () => {
  const org = { team: null, enterprise: { id: 'E1', name: 'Org' }, isOrg: true };

  it('is that of its workspaces, also where only they are known, as after a restart', async () => {
    const kept = new Kept();
    const encryptionKey = newKey();
    const first = await start({ kept, encryptionKey });
    await first.install(org);
    const place = { teamId: 'T1', enterpriseId: 'E1', isEnterpriseInstall: true };
    expect(await first.installations.authorize(place)).toMatchObject({
      botToken: 'xoxb-of-E1',
      teamId: 'T1',
      enterpriseId: 'E1',
    });
    const second = await start({ kept, encryptionKey });
    expect(await second.installations.tokenOf('T1')).toBe('xoxb-of-E1');
    await expect(second.installations.tokenOf('T2')).rejects.toThrow('not installed');
    expect(await second.installations.tokenOf('T2', 'E1')).toBe('xoxb-of-E1');
  });

  it('gives way to that of a workspace of its own', async () => {
    const { install, installations } = await start();
    await install(org);
    await install({ ...acme, enterprise: { id: 'E1', name: 'Org' } });
    expect(await installations.tokenOf('T1', 'E1')).toBe('xoxb-of-T1');
    expect(await installations.tokenOf('T2', 'E1')).toBe('xoxb-of-E1');
  });

  it('is undone for all its workspaces, which are named', async () => {
    const { install, installations } = await start();
    await install(org);
    for (const teamId of ['T1', 'T2'])
      await installations.authorize({ teamId, enterpriseId: 'E1', isEnterpriseInstall: true });
    const removed = await installations.remove({ enterpriseId: 'E1', isEnterpriseInstall: true });
    expect(removed.sort()).toEqual(['E1', 'T1', 'T2']);
    await expect(installations.tokenOf('T1')).rejects.toThrow('not installed');
  });
});

describe('events of workspaces that installed the bot', () => {
  it('come with the token of their workspace; those of others are acknowledged and not heard', async () => {
    const { install, installations } = await start();
    await install(acme);
    const signingSecret = '0123456789abcdef0123456789abcdef';
    const notices: string[] = [];
    const receiver = new HttpReceiver({
      signingSecret,
      port: 0,
      routes: installations.routes,
      notify: (sentence) => notices.push(sentence),
    });
    const app = new App({ receiver, authorize: (place) => installations.authorize(place) });
    app.error(async (error) => {
      throw error;
    });
    const tokens: unknown[] = [];
    app.event('app_mention', async ({ context }) => void tokens.push(context.botToken));
    await receiver.start();
    onTestFinished(() => receiver.stop());
    const send = async (team_id: string) => {
      const event = { type: 'app_mention', channel: 'C1', ts: '1.1', user: 'U1', text: 'Hi' };
      const body = JSON.stringify({ type: 'event_callback', event_id: 'Ev1', team_id, event });
      const timestamp = String(Math.floor(Date.now() / 1000));
      const hmac = createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`);
      const { status } = await fetch(`http://127.0.0.1:${receiver.server.port}/slack/events`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'x-slack-request-timestamp': timestamp,
          'x-slack-signature': `v0=${hmac.digest('hex')}`,
        },
      });
      return status;
    };
    expect([await send('T1'), await send('T2')]).toEqual([200, 200]);
    expect(tokens).toEqual(['xoxb-of-T1']);
    expect(notices).toEqual([expect.stringContaining('is not installed any more')]);
  });
});

describe('the tokens of installations', () => {
  it('are renewed once before they run out, and what came is kept', async () => {
    const kept = new Kept();
    const encryptionKey = newKey();
    const { install, installations, state } = await start({ kept, encryptionKey });
    await install({ ...acme, expiresInSeconds: 3600 });
    const tokens = await Promise.all([1, 2, 3].map(() => installations.tokenOf('T1')));
    expect(new Set(tokens)).toEqual(new Set(['xoxe.xoxb-fresh-1']));
    expect(state.refreshes).toBe(1);
    const later = await start({ kept, encryptionKey });
    expect(await later.installations.tokenOf('T1')).toBe('xoxe.xoxb-fresh-1');
    expect(later.state.refreshes).toBe(0);
    expect(kept.text).not.toMatch(/xox/);
  });

  it('stay as they are where they do not run out soon, or cannot be renewed, which is said', async () => {
    const { install, installations, state, notices } = await start();
    await install({ ...acme, expiresInSeconds: 43_200 });
    expect(await installations.tokenOf('T1')).toBe('xoxb-of-T1');
    state.isRefusing = true;
    await install({ ...acme, expiresInSeconds: 3600 });
    expect(await installations.tokenOf('T1')).toBe('xoxb-of-T1');
    expect(notices).toEqual([expect.stringContaining('could not be refreshed')]);
  });

  it('cannot be moved to another tenant', async () => {
    const { install, installations, kept } = await start();
    await install(acme);
    kept.tenants.set('T2', new Map(kept.tenants.get('T1')));
    await expect(installations.tokenOf('T2')).rejects.toMatchObject({ code: 'store.failed' });
  });

  it('cannot be changed', async () => {
    const { install, installations, kept } = await start();
    await install(acme);
    const record = kept.tenants.get('T1')?.get('installation') as { text: string };
    const text = Buffer.from(record.text, 'base64');
    text.writeUInt8(text.readUInt8(0) ^ 1, 0);
    kept.tenants.get('T1')?.set('installation', { ...record, text: text.toString('base64') });
    await expect(installations.tokenOf('T1')).rejects.toMatchObject({ code: 'store.failed' });
  });

  it('can be read with any of the keys, and are written with the newest', async () => {
    const [older, newest] = [newKey(), randomBytes(32).toString('hex')];
    const kept = new Kept();
    const before = await start({ kept, encryptionKey: older });
    await before.install({ ...acme, expiresInSeconds: 3600 });
    const without = await start({ kept, encryptionKey: newest });
    await expect(without.installations.tokenOf('T1')).rejects.toThrow(
      'The installation in T1 cannot be decrypted; put the key',
    );
    const both = await start({ kept, encryptionKeys: [newest, older] });
    expect(await both.installations.tokenOf('T1')).toBe('xoxe.xoxb-fresh-1');
    const after = await start({ kept, encryptionKeys: [newest] });
    expect(await after.installations.tokenOf('T1')).toBe('xoxe.xoxb-fresh-1');
  });
});

describe('options of installations', () => {
  it.each([
    [{ encryptionKey: 'short' }, 'must be 32 random bytes'],
    [{ encryptionKey: randomBytes(16).toString('base64') }, 'has 16 bytes'],
    [{ encryptionKey: `${'!'.repeat(64)}` }, 'must be 32 random bytes'],
    [{ encryptionKeys: [] }, 'need the option encryptionKey'],
    [{ encryptionKey: newKey(), encryptionKeys: [newKey()] }, 'not both'],
    [{ publicUrl: 'bot.example.com' }, 'The option publicUrl is "bot.example.com"'],
  ])('%o is refused', async (options, sentence) => {
    await expect(start(options)).rejects.toMatchObject({
      code: 'option.invalid',
      message: expect.stringContaining(sentence),
    });
  });
});
