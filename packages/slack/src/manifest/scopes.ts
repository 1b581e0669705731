/** What the bot does on Slack, as far as Slack has to allow it. */
export interface SlackFeatures {
  /** Whether it hears messages of channels that do not mention it: in threads where it was asked, or in channels that it watches. */
  hearsChannels: boolean;
  /** Whether it has slash commands and shortcuts on messages. */
  commands: boolean;
  /** Whether people can open it as an assistant. */
  assistant: boolean;
  /** Whether its App Home shows something. */
  home: boolean;
  /** Whether it posts pictures that plugins announce. */
  postsFiles: boolean;
}

/** A right on Slack, and why the bot asks for it. */
export interface RequiredScope {
  /** See https://docs.slack.dev/reference/scopes. */
  scope: string;
  /** Goes on from "it is needed". */
  why: string;
}

interface Need extends RequiredScope {
  /** Default: always. */
  when?: keyof SlackFeatures;
  /** Events that Slack sends with it. */
  events?: readonly string[];
  /** Events for which another feature is needed besides. */
  eventsWhen?: keyof SlackFeatures;
}

const inThreads =
  'to see the pictures of the thread that it is asked in, and to find its own posts again after a death and what was posted while it was away';

const needs: readonly Need[] = [
  { scope: 'app_mentions:read', why: 'to hear who mentions it', events: ['app_mention'] },
  { scope: 'chat:write', why: 'to answer' },
  {
    scope: 'files:read',
    why: 'to see the pictures that people post, in place of which Slack gives its login page otherwise',
  },
  {
    scope: 'im:history',
    why: 'to hear direct messages, and to see what was posted before in them',
    events: ['message.im'],
  },
  {
    scope: 'channels:history',
    why: `${inThreads}, in public channels`,
    events: ['message.channels'],
    eventsWhen: 'hearsChannels',
  },
  {
    scope: 'groups:history',
    why: `${inThreads}, in private channels`,
    events: ['message.groups'],
    eventsWhen: 'hearsChannels',
  },
  {
    scope: 'mpim:history',
    why: `${inThreads}, in direct messages of several people`,
    events: ['message.mpim'],
    eventsWhen: 'hearsChannels',
  },
  { scope: 'users:read', why: 'to know what people are called, and which language they speak' },
  { scope: 'commands', why: 'for slash commands and shortcuts on messages', when: 'commands' },
  {
    scope: 'assistant:write',
    why: 'for the greeting, the suggestions and the status of the assistant',
    when: 'assistant',
    events: ['assistant_thread_started', 'assistant_thread_context_changed'],
  },
  { scope: 'files:write', why: 'to post pictures that plugins announce', when: 'postsFiles' },
];

/** The scopes that the token of a bot must have, in the order of the manifest; each is used. */
export function requiredScopes(features: SlackFeatures): RequiredScope[] {
  return needs
    .filter(({ when }) => when === undefined || features[when])
    .map(({ scope, why }) => ({ scope, why }));
}

/** The events that Slack is to send, see https://docs.slack.dev/reference/events. */
export function requiredEvents(features: SlackFeatures): string[] {
  const withScopes = needs
    .filter(({ when }) => when === undefined || features[when])
    .filter(({ eventsWhen }) => eventsWhen === undefined || features[eventsWhen])
    .flatMap(({ events = [] }) => events);
  return [
    ...withScopes,
    ...(features.home ? ['app_home_opened'] : []),
    'app_uninstalled',
    'tokens_revoked',
  ];
}

/** What the token of an app needs in Socket Mode. */
export const requiredAppScope: RequiredScope = {
  scope: 'connections:write',
  why: 'to connect by Socket Mode',
};
