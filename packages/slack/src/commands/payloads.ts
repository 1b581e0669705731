import { z } from 'zod';
import { fileSchema, messageSchema } from '../parse-message/slack-message.js';

const userSchema = z
  .object({ id: z.string(), name: z.string().nullish(), username: z.string().nullish() })
  .transform(({ id, name, username }) => ({ id, name: name || username || id }));

const base = { user: userSchema, trigger_id: z.string().min(1).max(200) };

const actionSchema = z.object({
  action_id: z.string(),
  block_id: z.string().optional(),
  action_ts: z.string().optional(),
  value: z.string().nullish(),
  selected_option: z.object({ value: z.string() }).nullish(),
});

/** Somebody pressed a button or chose something, in a message or in the app's home. */
export const pressSchema = z.object({
  ...base,
  channel: z.object({ id: z.string() }).optional(),
  message: z.object({ ts: z.string(), thread_ts: z.string().optional() }).optional(),
  container: z
    .object({ message_ts: z.string().optional(), thread_ts: z.string().optional() })
    .optional(),
  actions: z.array(actionSchema).min(1),
});
/** See {@link pressSchema}. */
export type Press = z.output<typeof pressSchema>;

/** Somebody called a shortcut on a message. */
export const shortcutSchema = z.object({
  ...base,
  callback_id: z.string(),
  channel: z.object({ id: z.string() }),
  message: messageSchema,
});
/** See {@link shortcutSchema}. */
export type Shortcut = z.output<typeof shortcutSchema>;

const fieldSchema = z.object({
  value: z.string().nullish(),
  selected_option: z.object({ value: z.string() }).nullish(),
  files: z.array(fileSchema).nullish(),
});

const shownSchema = z.object({
  block_id: z.string().default(''),
  element: z
    .object({
      initial_value: z.string().nullish(),
      initial_option: z.object({ value: z.string() }).nullish(),
    })
    .optional(),
});

/** Somebody sent a modal. */
export const submissionSchema = z.object({
  user: userSchema,
  view: z.object({
    callback_id: z.string(),
    private_metadata: z.string().default(''),
    /** As it was opened: with what each field showed at first. */
    blocks: z.array(shownSchema).default([]),
    state: z.object({
      values: z.record(z.string(), z.record(z.string(), fieldSchema)).default({}),
    }),
  }),
});
/** See {@link submissionSchema}. */
export type Submission = z.output<typeof submissionSchema>;

/** Somebody called a slash command. */
export const slashSchema = z.object({
  channel_id: z.string(),
  user_id: z.string(),
  user_name: z.string().nullish(),
  command: z.string().startsWith('/'),
  text: z.string().nullish(),
  trigger_id: z.string().min(1).max(200),
});
/** See {@link slashSchema}. */
export type SlashCall = z.output<typeof slashSchema>;
