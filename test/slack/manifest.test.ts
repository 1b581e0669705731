import type { CommandDescription } from '@vistazo/core';
import { describe, expect, it } from 'vitest';
import { messageShortcuts } from '../../packages/slack/src/manifest/commands.ts';
import { requiredScopes, type SlackFeatures } from '../../packages/slack/src/manifest/scopes.ts';
import {
  type SlackManifestOptions,
  slackManifest,
} from '../../packages/slack/src/manifest/slack-manifest.ts';
import { manifestSchema } from './manifest-schema.ts';

const nothing: SlackFeatures = {
  hearsChannels: false,
  commands: false,
  assistant: false,
  home: false,
  postsFiles: false,
};
const everything: SlackFeatures = {
  hearsChannels: true,
  commands: true,
  assistant: true,
  home: true,
  postsFiles: true,
};

const command = (name: string, rest: Partial<CommandDescription> = {}): CommandDescription => ({
  name,
  description: `Does ${name}`,
  options: [],
  pictures: 'required',
  ...rest,
});

/** Checked against what Slack takes. */
function manifestOf(options: Partial<SlackManifestOptions> = {}) {
  const manifest = slackManifest({
    commands: [],
    features: everything,
    connection: 'socket',
    ...options,
  });
  return manifestSchema.parse(manifest);
}

describe('the manifest of the app on Slack', () => {
  it('asks for no more than the bot uses', () => {
    const { oauth_config, settings, features } = manifestOf({ features: nothing });
    expect(oauth_config).toEqual({
      scopes: {
        bot: [
          'app_mentions:read',
          'chat:write',
          'files:read',
          'im:history',
          'channels:history',
          'groups:history',
          'mpim:history',
          'users:read',
        ],
      },
    });
    expect(settings).toEqual({
      event_subscriptions: {
        bot_events: ['app_mention', 'message.im', 'app_uninstalled', 'tokens_revoked'],
      },
      interactivity: { is_enabled: true },
      org_deploy_enabled: false,
      socket_mode_enabled: true,
      token_rotation_enabled: false,
    });
    expect(Object.keys(features)).toEqual(['app_home', 'bot_user']);
  });

  it.each<[keyof SlackFeatures, string[], string[]]>([
    ['hearsChannels', [], ['message.channels', 'message.groups', 'message.mpim']],
    ['commands', ['commands'], []],
    [
      'assistant',
      ['assistant:write'],
      ['assistant_thread_started', 'assistant_thread_context_changed'],
    ],
    ['home', [], ['app_home_opened']],
    ['postsFiles', ['files:write'], []],
  ])('asks for what %s needs besides', (feature, scopes, events) => {
    const without = manifestOf({ features: nothing });
    const found = manifestOf({ features: { ...nothing, [feature]: true } });
    const more = (all: string[], before: string[]) => all.filter((each) => !before.includes(each));
    expect(more(found.oauth_config.scopes.bot, without.oauth_config.scopes.bot)).toEqual(scopes);
    expect(
      more(
        found.settings.event_subscriptions.bot_events,
        without.settings.event_subscriptions.bot_events,
      ),
    ).toEqual(events);
  });

  it('gives a reason for each scope', () => {
    for (const { scope, why } of requiredScopes(everything)) {
      expect(scope).toMatch(/^[a-z_]+(:[a-z]+)?$/);
      expect(why).toMatch(/^(to|for) /);
    }
  });

  it('names the address of events, commands and buttons where they come over HTTP', () => {
    const { settings, features, oauth_config } = manifestOf({
      connection: 'http',
      publicUrl: 'https://bot.example.com',
      isDistributed: true,
    });
    const url = 'https://bot.example.com/slack/events';
    expect(settings.socket_mode_enabled).toBe(false);
    expect(settings.event_subscriptions.request_url).toBe(url);
    expect(settings.interactivity.request_url).toBe(url);
    expect(new Set(features.slash_commands?.map((each) => each.url))).toEqual(new Set([url]));
    expect(oauth_config.redirect_urls).toEqual(['https://bot.example.com/slack/oauth_redirect']);
    expect(settings.token_rotation_enabled).toBe(true);
  });

  it.each([undefined, 'http://bot.example.com', 'bot.example.com'])(
    'needs an address over https for that, which %s is not',
    (publicUrl) => {
      const options = publicUrl === undefined ? {} : { publicUrl };
      expect(() => manifestOf({ connection: 'http', ...options })).toThrow(
        'such as https://bot.example.com',
      );
    },
  );

  it('has the commands of plugins and its own, with what is written behind them, and a prefix', () => {
    const colour = command('colour', {
      options: [
        { name: 'of', description: 'Of what', type: 'string', required: true },
        { name: 'depth', description: 'How deep', type: 'integer', required: false },
        {
          name: 'form',
          description: 'How',
          type: 'string',
          required: true,
          choices: ['hex', 'name'],
        },
      ],
    });
    const { features } = manifestOf({ commands: [colour], commandPrefix: 'look-' });
    expect(features.slash_commands?.map((each) => each.command)).toEqual([
      '/look-ask',
      '/look-describe',
      '/look-model',
      '/look-help',
      '/look-forget',
      '/look-colour',
    ]);
    expect(features.slash_commands?.at(-1)).toMatchObject({
      description: 'Does colour',
      usage_hint: '[depth=…] form=hex|name of',
      should_escape: false,
    });
  });

  it('has shortcuts on messages for pictures, as many as Slack takes', () => {
    const commands = [
      command('triage', { description: 'Makes a ticket of a screenshot' }),
      command('text-of-a-very-long-picture'),
      command('words', { pictures: 'none' }),
      command('needs-more', {
        options: [{ name: 'of', description: 'Of what', type: 'string', required: true }],
      }),
      ...Array.from({ length: 10 }, (_, index) => command(`more-${index}`)),
    ];
    const shortcuts = manifestOf({ commands }).features.shortcuts ?? [];
    expect(shortcuts).toHaveLength(10);
    expect(shortcuts.slice(0, 4)).toEqual([
      expect.objectContaining({ callback_id: 'vistazo_ask', name: 'Ask about this image' }),
      expect.objectContaining({ callback_id: 'vistazo_describe', name: 'Describe image' }),
      {
        callback_id: 'vistazo_command_triage',
        type: 'message',
        name: 'Triage',
        description: 'Makes a ticket of a screenshot',
      },
      expect.objectContaining({ name: 'Text of a very long pict' }),
    ]);
    expect(messageShortcuts(commands)[2]?.command?.name).toBe('triage');
  });

  it.each([
    [{ name: '' }, 'The name "" has 0 characters'],
    [{ name: 'x'.repeat(36) }, 'Slack takes 1 to 35'],
    [{ commandPrefix: 'My ' }, 'The commandPrefix "My " is not valid'],
    [{ commands: [command('status')] }, 'Slack has a command /status of its own'],
    [{ commands: [command('x'.repeat(32))] }, 'has 33 characters; Slack takes 32'],
    [
      { commands: Array.from({ length: 46 }, (_, index) => command(`c${index}`)) },
      'The bot has 51 commands; Slack takes 50',
    ],
  ])('refuses what Slack does not take: %o', (options, sentence) => {
    expect(() => manifestOf(options)).toThrow(sentence);
  });

  it.each([
    ['Vistazo', 'vistazo'],
    ['Señor Looker!', 'senor-looker'],
    ['見る', 'vistazo'],
  ])('calls the bot %s as Slack can: %s', (name, displayName) => {
    expect(manifestOf({ name }).features.bot_user.display_name).toBe(displayName);
  });
});
