import { z } from 'zod';

/** A file of a message, see https://docs.slack.dev/reference/objects/file-object. */
export const fileSchema = z.object({
  id: z.string(),
  name: z.string().nullish(),
  title: z.string().nullish(),
  mimetype: z.string().nullish(),
  /** What Slack took it for, such as `jpg`; `binary` where it does not know. */
  filetype: z.string().nullish(),
  /** The width of a picture that Slack could read, in pixels. */
  original_w: z.number().nullish(),
  /** The beginning of a text, and of an email. */
  preview: z.string().nullish().catch(undefined),
  preview_plain_text: z.string().nullish().catch(undefined),
  /** `tombstone` for one that was deleted, `hidden_by_limit` for one that the plan does not show, `external` for one elsewhere. */
  mode: z.string().nullish(),
  is_external: z.boolean().nullish(),
  external_type: z.string().nullish(),
  /** `check_file_info` for one of another organisation, about which Slack has to be asked. */
  file_access: z.string().nullish(),
  alt_txt: z.string().nullish(),
  size: z.number().nullish(),
  url_private: z.string().nullish(),
  url_private_download: z.string().nullish(),
});
/** See {@link fileSchema}. */
export type SlackFile = z.infer<typeof fileSchema>;

const messageBlocksSchema = z.array(
  z.object({ message: z.object({ blocks: z.unknown().optional() }).nullish() }),
);

/** A line of a table that apps of old put below a message. */
const fieldSchema = z.object({ title: z.string().nullish(), value: z.string().nullish() });

const plainAttachmentSchema = z.object({
  pretext: z.string().nullish().catch(undefined),
  title: z.string().nullish(),
  text: z.string().nullish(),
  fields: z.array(fieldSchema).nullish().catch(undefined),
  footer: z.string().nullish().catch(undefined),
  /** What is shown where nothing else can be. */
  fallback: z.string().nullish(),
  author_id: z.string().nullish(),
  author_name: z.string().nullish(),
  image_url: z.string().nullish(),
  thumb_url: z.string().nullish(),
  from_url: z.string().nullish(),
  /** Whether it is a message that somebody shared, or that a link leads to. */
  is_share: z.boolean().nullish(),
  is_msg_unfurl: z.boolean().nullish(),
  files: z.array(fileSchema).nullish(),
  blocks: z.unknown().optional(),
  message_blocks: messageBlocksSchema.nullish(),
});

/** What hangs below a message: one that was shared, with what hung below that, or the preview of a link. */
const attachmentSchema = plainAttachmentSchema.extend({
  attachments: z.array(plainAttachmentSchema).nullish(),
});
/** See {@link attachmentSchema}. */
export type SlackAttachment = z.infer<typeof attachmentSchema>;

/** The parts of a message of Slack's that are read; what it has besides is let be. */
export const messageSchema = z.object({
  ts: z.string(),
  thread_ts: z.string().optional(),
  subtype: z.string().optional(),
  user: z.string().optional(),
  /** Who wrote the message that the thread was begun of. */
  parent_user_id: z.string().nullish(),
  /** What Slack tells of people of other organisations. */
  user_profile: z
    .object({ display_name: z.string().nullish(), real_name: z.string().nullish() })
    .nullish(),
  bot_id: z.string().nullish(),
  /** What an app calls itself. */
  username: z.string().nullish(),
  bot_profile: z.object({ name: z.string().nullish() }).nullish(),
  text: z.string().default(''),
  blocks: z.unknown().optional(),
  files: z.array(fileSchema).nullish(),
  attachments: z.array(attachmentSchema).nullish(),
  edited: z.object({ ts: z.string() }).nullish(),
});
/** See {@link messageSchema}. */
export type SlackMessage = z.infer<typeof messageSchema>;

/** A message as an event tells of it. */
export const messageEventSchema = messageSchema.extend({
  channel: z.string(),
  channel_type: z.string().optional(),
});

/** A message with where it stands. */
export interface PostedMessage extends SlackMessage {
  team: string;
  channel: string;
}

/** A message was changed: by its author, or by Slack when it has found the preview of a link. */
export const changeSchema = z.object({
  channel: z.string(),
  message: messageSchema,
  previous_message: messageSchema.optional(),
});

/** A message was deleted. */
export const deletionSchema = z.object({
  channel: z.string(),
  deleted_ts: z.string(),
  previous_message: messageSchema.optional(),
});

/** Whether it stands in a thread that was begun of another message. */
export function isReply({ ts, thread_ts }: Pick<SlackMessage, 'ts' | 'thread_ts'>): boolean {
  return thread_ts !== undefined && thread_ts !== ts;
}
