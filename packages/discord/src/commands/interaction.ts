import { privateConversationKey } from '@vistazo/core/adapter-kit';
import { InteractionContextType, MessageFlags } from 'discord.js';
import { z } from 'zod';
import { fileSchema, messageSchema } from '../parse-message/discord-message.js';
import { tenantOf } from '../place.js';

const personSchema = z.object({
  id: z.string(),
  username: z.string(),
  global_name: z.string().nullish(),
});

const baseSchema = z.object({
  id: z.string(),
  application_id: z.string(),
  token: z.string(),
  guild_id: z.string().optional(),
  channel_id: z.string(),
  /** Who did it, in a server. */
  member: z.object({ user: personSchema, nick: z.string().nullish() }).optional(),
  /** Who did it, elsewhere. */
  user: personSchema.optional(),
  locale: z.string().optional(),
  /** Where it was done: 0 in a server, 1 in direct messages with the bot, 2 in those between people. */
  context: z.int().optional(),
  /** Who installed the bot that it was done with: 0 is the server, 1 a person. */
  authorizing_integration_owners: z
    .object({ 0: z.string().optional(), 1: z.string().optional() })
    .default({}),
});

const optionSchema = z.object({
  name: z.string(),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
});

const resolvedSchema = z.object({
  attachments: z.record(z.string(), fileSchema).default({}),
  messages: z.record(z.string(), messageSchema).default({}),
});

/** Somebody called a command: type 1 with a slash, type 3 on a message. */
const commandSchema = baseSchema.extend({
  type: z.literal(2),
  data: z.object({
    name: z.string(),
    type: z.int().default(1),
    options: z.array(optionSchema).default([]),
    target_id: z.string().optional(),
    resolved: resolvedSchema.prefault({}),
  }),
});

/** The message of the bot that a button, or the button that opened a dialog, stands below. */
const pressedSchema = z.object({ id: z.string(), flags: z.int().optional() });

/** Somebody pressed a button. */
const pressSchema = baseSchema.extend({
  type: z.literal(3),
  data: z.object({ custom_id: z.string() }),
  message: pressedSchema.optional(),
});

/** A field of a dialog as it was filled in: a text, or what was chosen; of files their ids in `resolved`. */
const fieldSchema = z.object({
  custom_id: z.string(),
  value: z.string().default(''),
  values: z.array(z.string()).default([]),
});

/** Somebody filled in a dialog. */
const dialogSchema = baseSchema.extend({
  type: z.literal(5),
  data: z.object({
    custom_id: z.string(),
    components: z.array(
      z.object({
        components: z.array(fieldSchema).default([]),
        component: fieldSchema.optional(),
      }),
    ),
    resolved: resolvedSchema.prefault({}),
  }),
  message: pressedSchema.optional(),
});

/** What people do with commands, buttons and dialogs, as far as it is read. */
export const interactionSchema = z.discriminatedUnion('type', [
  commandSchema,
  pressSchema,
  dialogSchema,
]);
/** See {@link interactionSchema}. */
export type Interaction = z.infer<typeof interactionSchema>;
/** A command that is called. */
export type CommandInteraction = z.infer<typeof commandSchema>;
/** A button that is pressed. */
export type PressInteraction = z.infer<typeof pressSchema>;
/** A dialog that is filled in. */
export type DialogInteraction = z.infer<typeof dialogSchema>;

/** What was filled in, by the ids of the fields; empty where nothing was. */
export function fieldsOf({ data }: DialogInteraction): Map<string, string> {
  const fields = data.components.flatMap(({ components, component }) =>
    component === undefined ? components : [...components, component],
  );
  return new Map(fields.map(({ custom_id, value, values }) => [custom_id, values[0] ?? value]));
}

/** Whether only who did it sees the message that they did it on. */
export function isOnPrivate({ message }: PressInteraction | DialogInteraction): boolean {
  return ((message?.flags ?? 0) & MessageFlags.Ephemeral) !== 0;
}

/** Who did it. */
export function personOf({ member, user }: Interaction): { id: string; name: string } {
  const person = member?.user ?? user;
  const id = person?.id ?? '';
  return { id, name: member?.nick ?? person?.global_name ?? person?.username ?? id };
}

/**
 * Where it was done, and whose bot it is there: where it is a guest, that of the person who installed it. What is
 * private is a conversation of its own, which only the person has there.
 */
export function placeOf(
  interaction: Interaction,
  { isPrivate = false }: { isPrivate?: boolean } = {},
): { tenant: string; conversationKey: string } {
  const { channel_id: channelId } = interaction;
  const { 1: ownerId } = interaction.authorizing_integration_owners;
  const userId = personOf(interaction).id;
  const tenant = isGuestAt(interaction)
    ? tenantOf({ guildId: undefined, channelId, userId: ownerId ?? userId })
    : tenantOf({ guildId: interaction.guild_id, channelId, userId });
  const conversationKey = isPrivate
    ? privateConversationKey({ personId: userId, placeKey: channelId })
    : channelId;
  return { tenant, conversationKey };
}

/**
 * Whether the bot is there only because a person installed it for themselves, in a server that did not or in
 * direct messages between people: it sees and writes nothing there but by the interaction.
 */
export function isGuestAt(interaction: Interaction): boolean {
  const { guild_id, context, authorizing_integration_owners: owners } = interaction;
  if (context === InteractionContextType.PrivateChannel) return true;
  return guild_id !== undefined && owners[0] === undefined && owners[1] !== undefined;
}
