import type { Attachment, CommandCall, CommandDescription, PlatformEvent } from '@vistazo/core';
import { languageOf, ownCommandOf, slashCommands } from '@vistazo/core/adapter-kit';
import { localized, say } from '../language.js';
import type { DiscordMessage } from '../parse-message/discord-message.js';
import { materialOfOther } from '../parse-message/material.js';
import { attachmentOf } from '../parse-message/read-content.js';
import type { Surroundings } from '../parse-message/surroundings.js';
import { createdAtMs } from '../place.js';
import { commandOnMessages, pictureOptions, privateOption } from './command-bodies.js';
import { type CommandInteraction, type Interaction, personOf, placeOf } from './interaction.js';
import { answeredIdOf } from './interaction-routes.js';
import type { AskedInDialog } from './question-dialog.js';

type MessageEvent = Extract<PlatformEvent, { type: 'message' }>;

/** What a command asks of the bot. */
export type CalledCommand =
  | { type: 'unknown' }
  | { type: 'help' }
  | { type: 'forget' }
  | { type: 'model' }
  /** The question is asked for in a dialog first. */
  | { type: 'dialog'; target: DiscordMessage }
  | { type: 'question'; event: MessageEvent; isPrivate: boolean };

/** Reads a command that was called, with a slash or on a message. */
export function readCommand(
  interaction: CommandInteraction,
  commands: readonly CommandDescription[],
  surroundings: Surroundings,
): CalledCommand {
  const { name, target_id, resolved } = interaction.data;
  const target = target_id === undefined ? undefined : resolved.messages[target_id];
  if (target === undefined) return readSlashCommand(interaction, commands);
  if (isNamed(name, 'askAbout')) return { type: 'dialog', target };
  const description = commandOnMessages(name, commands);
  const isDescribe = description === undefined && isNamed(name, 'describe');
  if (description === undefined && !isDescribe) return { type: 'unknown' };
  const event: MessageEvent = {
    ...eventOf(interaction, false),
    text: isDescribe ? say('describeQuestion', languageOf(interaction.locale)) : '',
    ...materialOfOther(target, 'reply', surroundings),
    ...(description !== undefined && { command: { name: description.name, options: {} } }),
  };
  return { type: 'question', event, isPrivate: false };
}

/** A question about a message, and further files that who asks gives with it. */
export function questionAbout(
  interaction: Interaction,
  target: DiscordMessage,
  { question, files }: AskedInDialog,
  surroundings: Surroundings,
): MessageEvent {
  const { attachments, quotes } = materialOfOther(target, 'reply', surroundings);
  return {
    ...eventOf(interaction, false),
    text: question,
    attachments: [...attachments, ...files.map(attachmentOf)],
    quotes,
  };
}

/** A command that a button or its dialog calls. */
export function calledBy(
  interaction: Interaction,
  command: CommandCall,
  isPrivate: boolean,
): MessageEvent {
  return { ...eventOf(interaction, isPrivate), text: '', command };
}

function readSlashCommand(
  interaction: CommandInteraction,
  commands: readonly CommandDescription[],
): CalledCommand {
  const { name, options, resolved } = interaction.data;
  const description = slashCommands(commands).find((each) => each.name === name);
  if (description === undefined) return { type: 'unknown' };
  const does = ownCommandOf(description)?.does;
  if (does === 'help' || does === 'forget' || does === 'model') return { type: does };
  const given = new Map(options.map((option) => [option.name, option.value]));
  const isPrivate = given.get(privateOption) === true;
  const attachments = pictureOptions.flatMap((option): Attachment[] => {
    const file = resolved.attachments[String(given.get(option))];
    return file === undefined ? [] : [attachmentOf(file)];
  });
  const own = description.options.flatMap((option) => {
    const value = given.get(option.name);
    return value === undefined ? [] : [[option.name, value] as const];
  });
  const asked = {
    ask: { text: String(given.get('question') ?? '') },
    describe: { text: say('describeQuestion', languageOf(interaction.locale)) },
    plugin: { text: '', command: { name, options: Object.fromEntries(own) } },
  }[does ?? 'plugin'];
  const event: MessageEvent = { ...eventOf(interaction, isPrivate), ...asked, attachments };
  return { type: 'question', event, isPrivate };
}

function eventOf(interaction: Interaction, isPrivate: boolean) {
  return {
    type: 'message',
    eventId: `command ${interaction.id}`,
    ...placeOf(interaction, { isPrivate }),
    messageId: answeredIdOf(interaction, isPrivate),
    author: personOf(interaction),
    postedAtMs: createdAtMs(interaction.id) ?? Date.now(),
  } as const;
}

function isNamed(name: string, saying: 'askAbout' | 'describe'): boolean {
  return name === say(saying, 'en') || Object.values(localized(saying)).includes(name);
}
