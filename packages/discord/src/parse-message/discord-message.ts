import { z } from 'zod';

const userSchema = z.object({
  id: z.string(),
  username: z.string(),
  global_name: z.string().nullish(),
  bot: z.boolean().optional(),
});

const memberSchema = z.object({ nick: z.string().nullish() });

/** A file that was posted, or given to a command. */
export const fileSchema = z.object({
  filename: z.string(),
  /** The alternative text. */
  description: z.string().nullish(),
  content_type: z.string().nullish(),
  /** Of pictures and videos that Discord could read, in pixels. */
  width: z.number().nullish(),
  height: z.number().nullish(),
  url: z.string(),
});
/** See {@link fileSchema}. */
export type DiscordFile = z.infer<typeof fileSchema>;

const embedMediaSchema = z.object({ url: z.string().nullish(), proxy_url: z.string().nullish() });

/** What a bot or a link shows below a message. */
const embedSchema = z.object({
  title: z.string().nullish(),
  description: z.string().nullish(),
  url: z.string().nullish(),
  author: z.object({ name: z.string().nullish() }).nullish(),
  fields: z
    .array(z.object({ name: z.string().nullish(), value: z.string().nullish() }))
    .nullish()
    .catch(undefined),
  footer: z.object({ text: z.string().nullish() }).nullish().catch(undefined),
  image: embedMediaSchema.nullish(),
  thumbnail: embedMediaSchema.nullish(),
});
/** See {@link embedSchema}. */
export type DiscordEmbed = z.infer<typeof embedSchema>;

const pollMediaSchema = z.object({ text: z.string().nullish() });

/** A question with answers to choose from. */
const pollSchema = z.object({
  question: pollMediaSchema,
  answers: z.array(z.object({ poll_media: pollMediaSchema })),
});

const contentSchema = z.object({
  content: z.string().default(''),
  mentions: z.array(userSchema.extend({ member: memberSchema.optional() })).default([]),
  attachments: z.array(fileSchema).default([]),
  embeds: z.array(embedSchema).default([]),
  sticker_items: z
    .array(z.object({ id: z.string(), name: z.string(), format_type: z.int() }))
    .default([]),
  /** Buttons, and what cards are made of; `read-components` knows which. */
  components: z.unknown().optional(),
  poll: pollSchema.nullish().catch(undefined),
});
/** What a message, or one that was forwarded, says and shows. */
export type DiscordContent = z.infer<typeof contentSchema>;

const referenceSchema = z.object({
  /** 0 for a reply, 1 for a forwarded message. */
  type: z.int().default(0),
  message_id: z.string().optional(),
  channel_id: z.string().optional(),
});

const plainMessageSchema = contentSchema.extend({
  id: z.string(),
  channel_id: z.string(),
  /** Absent in direct messages, and in what is asked for over HTTP. */
  guild_id: z.string().optional(),
  author: userSchema,
  member: memberSchema.optional(),
  timestamp: z.string(),
  edited_timestamp: z.string().nullish(),
  type: z.int(),
  webhook_id: z.string().optional(),
  nonce: z.union([z.string(), z.number()]).nullish(),
  mention_roles: z.array(z.string()).default([]),
  message_reference: referenceSchema.nullish(),
  message_snapshots: z.array(z.object({ message: contentSchema })).default([]),
});

/** The parts of a message of Discord's that are read; what it has besides is let be. */
export const messageSchema = plainMessageSchema.extend({
  /** The message replied to; null when it was deleted, absent when Discord did not look. */
  referenced_message: plainMessageSchema.nullish(),
});
/** See {@link messageSchema}. */
export type DiscordMessage = z.infer<typeof messageSchema>;
/** A message without that which it replies to. */
export type PlainMessage = z.infer<typeof plainMessageSchema>;

/** A message is deleted. */
export const deletionSchema = z.object({
  id: z.string(),
  channel_id: z.string(),
  guild_id: z.string().optional(),
});

/** Several messages are deleted at once. */
export const bulkDeletionSchema = z.object({
  ids: z.array(z.string()),
  channel_id: z.string(),
  guild_id: z.string().optional(),
});

/** A server took the bot out, or (`unavailable`) cannot be reached at the moment. */
export const guildDeletionSchema = z.object({
  id: z.string(),
  unavailable: z.boolean().optional(),
});

/** How a person is called where they wrote. */
export function nameOf(
  { username, global_name }: { username: string; global_name?: string | null | undefined },
  member?: { nick?: string | null | undefined },
): string {
  return member?.nick ?? global_name ?? username;
}
