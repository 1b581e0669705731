import type { CommandDescription, ReplyTarget } from '@vistazo/core';
import { BoundedMap, type Language, shortened } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import { say } from '../language.js';
import type { People } from '../people.js';
import { isDirect, placeOf } from '../place.js';
import { messageBody } from '../send-reply/message-body.js';
import { quiet } from '../send-reply/message-calls.js';
import type { PacedCalls } from '../send-reply/paced-calls.js';
import type { SlackApi } from '../slack-api.js';
import { slackCodeOf } from '../slack-errors.js';

/** What {@link AssistantThreads} need. */
export interface AssistantThreadsOptions {
  api: SlackApi;
  /** How much of each rate is left. */
  paced: PacedCalls;
  people: People;
  commands: () => readonly CommandDescription[];
}

const startedSchema = z.object({
  assistant_thread: z.object({
    user_id: z.string(),
    channel_id: z.string(),
    thread_ts: z.string(),
  }),
});

/** Slack shows no more prompts. */
const maxPrompts = 4;
const maxPromptTitleLength = 75;
const maxTitleLength = 60;
const maxTeams = 1000;
const maxThreads = 10_000;
const timeoutMs = 5000;
/** Slack takes a status away after two minutes; the bot asks for it more often than it has to be set. */
const statusEveryMs = 60_000;
/** How long a team is not asked again whose bot may not do it. */
const withoutMs = 3_600_000;

/** What threads show besides messages: greeting and prompts where the assistant is opened, status, title. */
export class AssistantThreads {
  /** When each thread was given its status. */
  readonly #statuses = new BoundedMap<string, number>(maxThreads);
  /** Threads that were greeted. */
  readonly #greeted = new BoundedMap<string, true>(maxThreads);
  readonly #without = new BoundedMap<string, number>(maxTeams);

  constructor(private readonly options: AssistantThreadsOptions) {}

  /** Of an event `assistant_thread_started`: greets. Throws what Slack fails with. */
  async started(event: unknown, tenant: string): Promise<void> {
    const thread = startedSchema.safeParse(event).data?.assistant_thread;
    if (thread === undefined) return;
    const { user_id: id, channel_id, thread_ts } = thread;
    const key = `${tenant} ${channel_id} ${thread_ts}`;
    // Slack may tell of it again.
    if (this.#greeted.get(key)) return;
    this.#greeted.set(key, true);
    const { api, people, commands } = this.options;
    const { language } = await people.soon(tenant, { id, name: id });
    const greeting = messageBody(say('greeting', language));
    const args = { channel: channel_id, thread_ts, ...greeting, ...quiet };
    const signal = AbortSignal.timeout(timeoutMs);
    await api.call({ tenant, method: 'chat.postMessage', args, signal });
    await this.#set(tenant, 'setSuggestedPrompts', {
      channel_id,
      thread_ts,
      title: say('promptsTitle', language),
      prompts: promptsOf(commands(), language),
    });
  }

  /** Names a thread of the assistant by what was asked in it first. It must not fail. */
  async asked(tenant: string, conversationKey: string, text: string): Promise<void> {
    const { channel, threadTs } = placeOf(conversationKey);
    const title = text.replace(/\s+/g, ' ').trim();
    if (threadTs === undefined || !isDirect(channel) || title === '') return;
    await this.#set(tenant, 'setTitle', {
      channel_id: channel,
      thread_ts: threadTs,
      title: shortened(title, maxTitleLength),
    });
  }

  /** Shows that the bot is at work, in threads; the answer's first message takes it away. It must not fail. */
  async showWorking(
    { tenant, conversationKey }: ReplyTarget,
    askerId: string | undefined,
  ): Promise<void> {
    const { channel, threadTs } = placeOf(conversationKey);
    const key = `${tenant} ${conversationKey}`;
    const sinceMs = performance.now() - (this.#statuses.get(key) ?? Number.NEGATIVE_INFINITY);
    if (threadTs === undefined || sinceMs < statusEveryMs) return;
    this.#statuses.set(key, performance.now());
    const { language } =
      askerId === undefined
        ? { language: 'en' as const }
        : await this.options.people.soon(tenant, { id: askerId, name: askerId });
    await this.#set(tenant, 'setStatus', {
      channel_id: channel,
      thread_ts: threadTs,
      status: say('looking', language),
    });
  }

  /** The answer of a thread ended: the next one has a status of its own. */
  ended({ tenant, conversationKey }: ReplyTarget): void {
    this.#statuses.delete(`${tenant} ${conversationKey}`);
  }

  /** What is no reason to do anything over where the bot may not do it, Slack has no room for it, or it fails. */
  async #set(
    tenant: string,
    what: 'setStatus' | 'setTitle' | 'setSuggestedPrompts',
    args: Record<string, unknown>,
  ): Promise<void> {
    const key = `${tenant} ${what}`;
    if (performance.now() - (this.#without.get(key) ?? Number.NEGATIVE_INFINITY) < withoutMs)
      return;
    const method = `assistant.threads.${what}` as const;
    const { paced } = this.options;
    if (!paced.hasRoom(method, tenant, key)) return;
    paced.take(method, tenant, key);
    try {
      await this.options.api.call({ tenant, method, args, signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      if (lackCodes.includes(slackCodeOf(error))) this.#without.set(key, performance.now());
    }
  }
}

/** What Slack says where the app has no assistant, or not the scope. */
const lackCodes: readonly (string | undefined)[] = [
  'missing_scope',
  'no_permission',
  'not_allowed_token_type',
  'unknown_method',
];

/** What a person could ask first: what the plugins do that needs nothing but words, and the bot itself. */
function promptsOf(commands: readonly CommandDescription[], language: Language) {
  const own = [
    { title: say('describePrompt', language), message: say('describeThread', language) },
    { title: say('abilityPrompt', language), message: say('abilityPrompt', language) },
  ];
  const ofPlugins = commands
    .filter(({ pictures }) => pictures !== 'none')
    .map(({ description }) => ({
      title: shortened(description, maxPromptTitleLength),
      message: description,
    }));
  return [...own, ...ofPlugins].filter(({ title }) => title !== '').slice(0, maxPrompts);
}
