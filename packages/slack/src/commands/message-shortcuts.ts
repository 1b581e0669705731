import type { CommandDescription } from '@vistazo/core';
import {
  BoundedMap,
  commandTitle,
  inTime,
  ownCommandOf,
  slashCommands,
} from '@vistazo/core/adapter-kit';
import { type Saying, say } from '../language.js';
import { materialOfOther } from '../parse-message/material.js';
import type { SlackMessage } from '../parse-message/slack-message.js';
import type { Surroundings } from '../parse-message/surroundings.js';
import type { People, Person } from '../people.js';
import { commandIdOf, conversationKeyOf } from '../place.js';
import type { SlackApi } from '../slack-api.js';
import { slackCodeOf } from '../slack-errors.js';
import { commandModal, noticeModal } from './command-modal.js';
import type { Doer } from './doer.js';
import type { Shortcut } from './payloads.js';
import { askedBy, commandQuestion, type QuestionDesk } from './question-desk.js';

/** What {@link MessageShortcuts} need. */
export interface MessageShortcutsOptions {
  api: SlackApi;
  people: People;
  surroundings: Surroundings;
  desk: QuestionDesk;
  commands: () => readonly CommandDescription[];
  /** Tells a person what they alone see. */
  tell: (doer: Doer, saying: Saying) => Promise<void>;
}

/** A message that a shortcut was called on. */
export interface ShortcutTarget {
  tenant: string;
  channel: string;
  ts: string;
  threadTs?: string | undefined;
}

const commandPrefix = 'vistazo_command_';
/** Messages that modals are open about. */
const maxTargets = 1000;
const maxChannels = 10_000;
/** How long Slack may take to say whether the bot is in a channel; a trigger is good for 3 s. */
const membershipMs = 1000;
/** What Slack says of a channel that the bot cannot see. */
const unseenCodes: readonly (string | undefined)[] = ['channel_not_found', 'not_in_channel'];

/** The `callback_id` of the shortcut that calls a command on a message. */
export function shortcutIdOf(description: CommandDescription): string {
  const does = ownCommandOf(description)?.does;
  return does === undefined ? `${commandPrefix}${description.name}` : `vistazo_${does}`;
}

/** Answers what people ask about a message that is there already, in its thread. */
export class MessageShortcuts {
  readonly #targets = new BoundedMap<string, SlackMessage>(maxTargets);
  /** Channels that the bot was found in: Slack lets some apps ask once a minute. */
  readonly #memberIn = new BoundedMap<string, true>(maxChannels);

  constructor(private readonly options: MessageShortcutsOptions) {}

  /** Throws what Slack fails with. */
  async call(shortcut: Shortcut, doer: Doer, receivedAtMs: number): Promise<void> {
    const { commands, people } = this.options;
    const { tenant } = doer;
    const { message, channel, trigger_id: triggerId } = shortcut;
    const description = slashCommands(commands()).find(
      (each) => each.pictures !== 'none' && shortcutIdOf(each) === shortcut.callback_id,
    );
    if (description === undefined) return this.options.tell(doer, 'unknownCommand');
    const target = { tenant, channel: channel.id, ts: message.ts, threadTs: message.thread_ts };
    const [person, isMember] = await Promise.all([
      people.soon(tenant, { id: doer.userId, name: doer.name }),
      this.#isMember(target),
    ]);
    const title = titleOn(description, person);
    const { language } = person;
    const { name } = description;
    const messageId = commandIdOf({ receivedAtMs, triggerId });
    if (!isMember)
      return this.#open(
        tenant,
        triggerId,
        noticeModal(title, say('notInChannel', language), language),
      );
    this.#targets.set(keyOf(target), message);
    if (description.options.every(({ required }) => !required))
      return this.ask({ target, message, messageId, description, options: {}, person, doer });
    const { tenant: _, ...place } = target;
    await this.#open(
      tenant,
      triggerId,
      commandModal({
        title,
        purpose: { kind: 'message', messageId, ...place, name },
        description,
        asked: description.options.map((option) => ({ option, value: undefined })),
        pictures: 'more',
        language,
      }),
    );
  }

  /** The message that a modal was opened about; undefined where this process did not open it. */
  targetOf(target: ShortcutTarget): SlackMessage | undefined {
    return this.#targets.get(keyOf(target));
  }

  /** Asks about a message, in its thread. */
  async ask(about: {
    target: ShortcutTarget;
    message: SlackMessage;
    messageId: string;
    description: CommandDescription;
    options: Readonly<Record<string, string | number | boolean>>;
    person: Person;
    doer: Doer;
    /** Pictures that were added to those of the message. */
    attachments?: Parameters<typeof commandQuestion>[0]['material']['attachments'];
  }): Promise<void> {
    const { target, message, messageId, description, options, person, doer } = about;
    const { tenant, channel, ts, threadTs } = target;
    const material = await materialOfOther(message, tenant, this.options.surroundings);
    const question = commandQuestion({
      tenant,
      conversationKey: conversationKeyOf({ channel, ts, thread_ts: threadTs }),
      messageId,
      author: person,
      asked: askedBy(description, options, person.language),
      material: {
        ...material,
        attachments: [...material.attachments, ...(about.attachments ?? [])],
      },
    });
    const tell = (saying: Saying) => this.options.tell(doer, saying);
    const saying = await this.options.desk.ask(question, tell);
    if (saying !== undefined) await tell(saying);
  }

  /** Whether the bot can answer there; what Slack does not say in time is tried. */
  async #isMember({ tenant, channel, ts }: ShortcutTarget): Promise<boolean> {
    if (this.#memberIn.get(`${tenant} ${channel}`)) return true;
    const isMember = this.options.api
      .call({
        tenant,
        method: 'conversations.history',
        args: { channel, oldest: ts, latest: ts, inclusive: true, limit: 1 },
        signal: AbortSignal.timeout(membershipMs),
      })
      .then(
        () => true,
        (error: unknown) => (unseenCodes.includes(slackCodeOf(error)) ? false : undefined),
      );
    const found = await inTime(isMember, membershipMs);
    if (found === true) this.#memberIn.set(`${tenant} ${channel}`, true);
    return found !== false;
  }

  async #open(tenant: string, triggerId: string, view: object): Promise<void> {
    const args = { trigger_id: triggerId, view };
    await this.options.api.call({ tenant, method: 'views.open', args });
  }
}

function titleOn(description: CommandDescription, { language }: Person): string {
  const does = ownCommandOf(description)?.does;
  if (does === 'ask') return say('askAbout', language);
  return does === 'describe' ? say('describeThis', language) : commandTitle(description.name);
}

function keyOf({ tenant, channel, ts }: ShortcutTarget): string {
  return `${tenant} ${channel} ${ts}`;
}
