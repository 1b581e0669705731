import type { AnsweringModel, CommandDescription } from '@vistazo/core';
import {
  type EventDelivery,
  helpText,
  inTime,
  ownCommandOf,
  parseCommand,
  sayModel,
  slashCommands,
  writtenCommand,
} from '@vistazo/core/adapter-kit';
import { type Saying, say } from '../language.js';
import { unescapeMrkdwn } from '../mrkdwn.js';
import type { People, Person } from '../people.js';
import type { SettingsOfPeople } from '../person-settings.js';
import { commandConversationOf, commandIdOf } from '../place.js';
import { toMrkdwn } from '../send-reply/to-mrkdwn.js';
import type { SlackApi } from '../slack-api.js';
import type { CalledCommands } from './called-commands.js';
import { commandModal } from './command-modal.js';
import type { Respond } from './doer.js';
import type { SlashCall } from './payloads.js';
import {
  acknowledgeAfterMs,
  askedBy,
  commandQuestion,
  type QuestionDesk,
} from './question-desk.js';

/** What {@link SlashCommands} need. */
export interface SlashCommandsOptions {
  api: SlackApi;
  people: People;
  settings: SettingsOfPeople;
  delivery: EventDelivery;
  desk: QuestionDesk;
  calls: CalledCommands;
  /** Those that the bot has at the moment. */
  commands: () => readonly CommandDescription[];
  model: AnsweringModel;
  /** What stands before the name of each command. */
  prefix: string;
}

/** How a command is called, and where its answers may go. */
export interface SlashContext {
  tenant: string;
  receivedAtMs: number;
  /** Acknowledges it, with what the person alone is told, in mrkdwn. */
  acknowledge: (mrkdwn?: string) => Promise<void>;
  respond: Respond;
}

/** Most characters of the line that tells what was called. */
const maxLineLength = 300;

/** Answers slash commands: those of the plugins and the adapter's own. */
export class SlashCommands {
  constructor(private readonly options: SlashCommandsOptions) {}

  /** Throws what Slack fails with. */
  async call(slash: SlashCall, context: SlashContext): Promise<void> {
    const { commands, prefix, people, model } = this.options;
    const person = await people.soon(context.tenant, {
      id: slash.user_id,
      name: slash.user_name || slash.user_id,
    });
    const { language } = person;
    const name = slash.command.slice(1);
    const description = slashCommands(commands()).find((each) => prefix + each.name === name);
    if (description === undefined) return context.acknowledge(say('unknownCommand', language));
    switch (ownCommandOf(description)?.does) {
      case 'help':
        return context.acknowledge(toMrkdwn(helpText(commands(), language, { prefix })));
      case 'model':
        return context.acknowledge(toMrkdwn(sayModel(model, language)));
      case 'forget':
        return this.#forget(person, context);
      default:
        return this.#ask(slash, description, person, context);
    }
  }

  /** What there is of a person; gives what they are to be told. */
  async forget(tenant: string, userId: string): Promise<Saying> {
    const { delivery, settings } = this.options;
    const isForgotten = await delivery.forget(tenant, userId);
    const isUnset = await settings.forget(tenant, userId).then(
      () => true,
      () => false,
    );
    return isForgotten && isUnset ? 'forgotten' : 'notForgotten';
  }

  async #forget({ id, language }: Person, context: SlashContext): Promise<void> {
    const forgetting = this.forget(context.tenant, id);
    const soon = await inTime(forgetting, acknowledgeAfterMs);
    if (soon !== 'late') return context.acknowledge(say(soon, language));
    await context.acknowledge();
    void forgetting.then((saying) => whisper(context, say(saying, language))).catch(() => {});
  }

  async #ask(
    { channel_id: channel, text: written, trigger_id: triggerId }: SlashCall,
    description: CommandDescription,
    person: Person,
    context: SlashContext,
  ): Promise<void> {
    const { calls, desk, prefix } = this.options;
    const { tenant, receivedAtMs } = context;
    const { name } = description;
    const text = unescapeMrkdwn(written ?? '').trim();
    const { options = {} } = parseCommand(`/${name} ${text}`, [description]) ?? {};
    const messageId = commandIdOf({ receivedAtMs, triggerId });
    calls.note(messageId, {
      line: lineOf(person.name, writtenCommand({ name: prefix + name, options })),
      respond: context.respond,
    });
    if (needsModal(description, text))
      return this.#open({ channel, messageId, triggerId, options }, description, person, context);
    const question = commandQuestion({
      tenant,
      conversationKey: commandConversationOf(channel, triggerId),
      messageId,
      author: person,
      asked: askedBy(description, options, person.language),
      material: {},
    });
    const saying = await desk.ask(question, (later) =>
      whisper(context, say(later, person.language)),
    );
    await context.acknowledge(saying && say(saying, person.language));
  }

  async #open(
    called: {
      channel: string;
      messageId: string;
      triggerId: string;
      options: Readonly<Record<string, string | number | boolean>>;
    },
    description: CommandDescription,
    { language }: Person,
    { tenant, acknowledge }: SlashContext,
  ): Promise<void> {
    const { channel, messageId, triggerId, options } = called;
    const { name, pictures } = description;
    await acknowledge();
    const view = commandModal({
      title: `/${this.options.prefix}${name}`,
      purpose: { kind: 'command', messageId, channel, name },
      description,
      asked: description.options.map((option) => {
        const value = options[option.name];
        return { option, value: value === undefined ? undefined : String(value) };
      }),
      pictures,
      language,
    });
    await this.options.api.call({
      tenant,
      method: 'views.open',
      args: { trigger_id: triggerId, view },
    });
  }
}

/** Who called what, as a line of plain text. */
export function lineOf(name: string, written: string): string {
  const line = `${name}: ${written}`.replace(/\s+/g, ' ');
  return line.length <= maxLineLength ? line : `${line.slice(0, maxLineLength - 1)}…`;
}

/** A slash command brings no files, and without a text none of its options. */
function needsModal({ options, pictures }: CommandDescription, text: string): boolean {
  if (pictures === 'required') return true;
  return text === '' && (options.length > 0 || pictures !== 'none');
}

async function whisper({ respond }: SlashContext, text: string): Promise<void> {
  await respond({ text, response_type: 'ephemeral', replace_original: false });
}
