import type { Adapter, PlatformEvent, ReplyTarget } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { createSlackAdapter, type SlackAdapterOptions } from '@vistazo/slack';
import { expect, onTestFinished, vi } from 'vitest';
import type { OwnAnswer } from './fake/web-api.ts';
import type { SlackMessage } from './fake/workspace.ts';
import { FakeSlack } from './fake-slack.ts';

const signal = AbortSignal.timeout(60_000);

/** An adapter on the fake whose answers a test posts, for as long as the test runs. */
export class Sending {
  readonly fake: FakeSlack;
  readonly adapter: Adapter;
  readonly events: PlatformEvent[] = [];
  readonly ana: string;
  readonly channel: string;

  private constructor(fake: FakeSlack, options: Partial<SlackAdapterOptions>) {
    this.fake = fake;
    this.ana = fake.addPerson('Ana');
    this.channel = fake.addChannel('general', [this.ana]);
    this.adapter = createSlackAdapter({
      botToken: fake.bot.botToken,
      appToken: fake.appToken,
      slackApiUrl: fake.apiUrl,
      notify: () => {},
      ...options,
    });
  }

  /** Where the fake is that of another one, the adapter is that of a bot that was started again. */
  static async start(
    options: Partial<SlackAdapterOptions> = {},
    given?: FakeSlack,
  ): Promise<Sending> {
    const fake = given ?? (await FakeSlack.start());
    const sending = new Sending(fake, options);
    await sending.adapter.start(
      testHost({
        receive: async (event) => {
          sending.events.push(event);
          return 'accepted';
        },
      }),
    );
    onTestFinished(async () => {
      await sending.adapter.stop();
      await sending.adapter.close?.();
      if (given === undefined) await fake.stop();
    });
    return sending;
  }

  /** Ana asks; gives where the answer goes. In direct messages it is a thread only if that is said. */
  async ask({ channel = this.channel, threadTs = undefined as string | undefined } = {}) {
    const { fake, ana: user } = this;
    const text = channel.startsWith('D') ? 'Well?' : `<@${fake.bot.botUserId}> Well?`;
    const { ts } = fake.people.post({ channel, user, text, ...(threadTs && { threadTs }) });
    const find = () =>
      this.events.find(({ type, messageId }) => type === 'message' && messageId === ts);
    await vi.waitUntil(find);
    const { tenant = '', conversationKey = '', messageId = '' } = find() ?? {};
    return { tenant, conversationKey, messageId };
  }

  /** The model begins to answer. */
  prompt(target: ReplyTarget): void {
    const event = { type: 'prompt', pictures: [], promptTokens: 1, imageTokens: 0, leftOut: [] };
    this.adapter.answering?.(target, { ...event, type: 'prompt' });
  }

  /** Ana asks, and the model begins to answer. */
  async askToGrow(where: Parameters<Sending['ask']>[0] = {}) {
    const target = await this.ask(where);
    this.prompt(target);
    return target;
  }

  /** Posts a message that grows, or completes what is said. */
  post(
    target: ReplyTarget,
    text: string,
    more: { completes?: 'message' | 'answer'; mayBePosted?: boolean; key?: string } = {},
  ): Promise<string> {
    const { completes, mayBePosted = false, key = keyOf(target) } = more;
    const post = { ...target, text, idempotencyKey: key, ...(mayBePosted && { mayBePosted }) };
    return this.adapter.post(post, { signal, ...(completes !== undefined && { completes }) });
  }

  async edit(
    posted: ReplyTarget & { postId: string },
    text: string,
    completes?: 'message' | 'answer',
  ): Promise<void> {
    const options = { signal, ...(completes !== undefined && { completes }) };
    await this.adapter.edit?.(posted, text, options);
  }

  async remove(posted: ReplyTarget & { postId: string }): Promise<void> {
    await this.adapter.remove?.(posted, { signal });
  }

  /** What the bot says in a conversation, in order. */
  answers({ conversationKey }: ReplyTarget): SlackMessage[] {
    const [channel = '', threadTs] = conversationKey.split(':');
    const { botUserId } = this.fake.bot;
    return this.fake.messages(channel, threadTs).filter(({ user }) => user === botUserId);
  }

  /** How often each method of the chat was called since. */
  callsSince(from: number): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { method } of this.fake.api.calls.slice(from))
      if (method.startsWith('chat.') || method.startsWith('conversations.'))
        counts[method] = (counts[method] ?? 0) + 1;
    return counts;
  }

  /** The next calls of a method are answered so. */
  answerNext(method: string, ...answers: readonly OwnAnswer[]): void {
    const waiting = [...answers];
    this.fake.api.intercept((call) => (call.method === method ? waiting.shift() : undefined));
  }

  /** The next call of a method is done, but its answer is lost. */
  loseAnswerOf(method: string): void {
    const { fake } = this;
    let isLost = false;
    fake.api.intercept(async (call) => {
      if (call.method !== method || isLost) return undefined;
      isLost = true;
      await fetch(`${fake.apiUrl}${method}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${fake.bot.botToken}`,
          'content-type': 'application/json; charset=utf-8',
        },
        body: JSON.stringify(call.args),
      });
      return { body: null };
    });
  }
}

/** Slack refuses. */
export function refusal(error: string): OwnAnswer {
  return { body: { ok: false, error } };
}

/** Slack asks to wait. */
export function wait(seconds: number): OwnAnswer {
  const headers = { 'retry-after': String(seconds) };
  return { status: 429, headers, body: { ok: false, error: 'ratelimited' } };
}

/** The key of the first message of an answer. */
export function keyOf({ messageId }: Pick<ReplyTarget, 'messageId'>): string {
  return `key-of-${messageId.replace('.', '-')}`;
}

/** What buttons stand below a message, by their `action_id`s. */
export function buttonsOf({ blocks = [] }: SlackMessage): string[] {
  return [...JSON.stringify(blocks).matchAll(/"action_id":"(\w+)"/g)].map(([, id = '']) => id);
}

/** Looks at the text that a message shows: its blocks, or what was streamed. */
export function shown({ text, blocks = [], streaming_state }: SlackMessage): string {
  const sections = JSON.stringify(blocks).includes('"section"');
  if (!sections) expect(streaming_state).toBeDefined();
  return text;
}
