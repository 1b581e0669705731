import { type ManifestOptions, VistazoError } from '@vistazo/core';
import { messageShortcuts, prefixedCommands } from './commands.js';
import { requiredEvents, requiredScopes, type SlackFeatures } from './scopes.js';

/** Options of {@link slackManifest}. */
export interface SlackManifestOptions extends ManifestOptions {
  features: SlackFeatures;
  /** Socket Mode, or requests of Slack to `publicUrl`. */
  connection: 'socket' | 'http';
  /** Whether several workspaces install the app, by a page at `publicUrl`. Default false. */
  isDistributed?: boolean;
  /** Stands before the names of slash commands. Default none. */
  commandPrefix?: string;
  /** Where Slack sends events. Default `/slack/events`. */
  eventsPath?: string;
  /** Where Slack sends people back who install the app. Default `/slack/oauth_redirect`. */
  redirectPath?: string;
}

const defaultName = 'Vistazo';
const description = 'Looks at the pictures that you post, and answers questions about them.';
const assistantDescription =
  'Looks at screenshots, photos, diagrams and documents, and answers questions about them.';
const suggestedPrompts = [
  { title: 'Describe a picture', message: 'What do you see in the picture that I post next?' },
  { title: 'Read a screenshot', message: 'What does the error message in my screenshot mean?' },
];

/** Of Slack, see https://docs.slack.dev/reference/app-manifest. */
const maxNameLength = 35;

/**
 * The manifest of an app on Slack (version 2, as JSON) with the scopes, events, commands and shortcuts that the
 * bot uses, and no others. Throws `option.invalid`.
 */
export function slackManifest(options: SlackManifestOptions): Record<string, unknown> {
  const { features, name = defaultName, connection, isDistributed = false } = options;
  if (name === '' || name.length > maxNameLength)
    throw invalid(
      `The name ${JSON.stringify(name)} has ${name.length} characters; Slack takes 1 to ${maxNameLength}.`,
    );
  return {
    _metadata: { major_version: 2, minor_version: 1 },
    display_information: { name, description },
    features: featuresOf(options, name),
    oauth_config: {
      ...(isDistributed && {
        redirect_urls: [
          addressAt(options, options.redirectPath ?? '/slack/oauth_redirect', 'to be installed'),
        ],
      }),
      scopes: { bot: requiredScopes(features).map(({ scope }) => scope) },
    },
    settings: {
      event_subscriptions: { ...requestUrl(options), bot_events: requiredEvents(features) },
      interactivity: { is_enabled: true, ...requestUrl(options) },
      org_deploy_enabled: isDistributed,
      socket_mode_enabled: connection === 'socket',
      // Tokens that run out are renewed only where they come by installations.
      token_rotation_enabled: isDistributed,
    },
  };
}

function featuresOf(options: SlackManifestOptions, name: string): Record<string, unknown> {
  const { features, commands, commandPrefix = '' } = options;
  return {
    app_home: {
      home_tab_enabled: features.home,
      messages_tab_enabled: true,
      messages_tab_read_only_enabled: false,
    },
    bot_user: { display_name: displayName(name), always_online: true },
    ...(features.commands && {
      shortcuts: messageShortcuts(commands).map((shortcut) => ({
        name: shortcut.title,
        type: 'message',
        callback_id: shortcut.callbackId,
        description: shortcut.description,
      })),
      slash_commands: prefixedCommands(commands, commandPrefix).map(
        ({ slash, command, usage }) => ({
          command: slash,
          description: command.description,
          ...(usage !== '' && { usage_hint: usage }),
          should_escape: false,
          ...(options.connection === 'http' && { url: eventsUrl(options) }),
        }),
      ),
    }),
    ...(features.assistant && {
      assistant_view: {
        assistant_description: assistantDescription,
        suggested_prompts: suggestedPrompts,
      },
    }),
  };
}

/** Slack takes small letters, digits and a few signs. */
function displayName(name: string): string {
  const plain = name
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? defaultName.toLowerCase() : plain;
}

function requestUrl(options: SlackManifestOptions): { request_url?: string } {
  return options.connection === 'http' ? { request_url: eventsUrl(options) } : {};
}

function eventsUrl(options: SlackManifestOptions): string {
  return addressAt(options, options.eventsPath ?? '/slack/events', 'to send events to');
}

function addressAt({ publicUrl }: SlackManifestOptions, path: string, what: string): string {
  const url = publicUrl === undefined ? null : URL.parse(publicUrl);
  if (url?.protocol === 'https:') return new URL(path, url).href;
  throw invalid(
    `Slack needs an address ${what}: name where it reaches the bot, such as https://bot.example.com; ${publicUrl === undefined ? 'none was given' : `${JSON.stringify(publicUrl)} is none`}.`,
  );
}

function invalid(message: string): VistazoError {
  return new VistazoError('option.invalid', message);
}
