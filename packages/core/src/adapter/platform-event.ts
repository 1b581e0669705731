import { z } from 'zod';
import { messageIdSchema, pictureSourceSchema } from '../conversation/message.js';

/** A name or id that a platform gave: one line, of at most 1,000 characters. */
const platformId = z.string().min(1).max(1000);

const authorSchema = z.object({ id: platformId, name: z.string().max(1000) });

/** A file that a message brings. */
export const attachmentSchema = z.object({
  /** Where its bytes are: an http(s) address, or whatever else the adapter's `fetch` understands. */
  url: z.string().min(1).max(100_000),
  /** File name it was posted with, if any. */
  name: z.string().max(1000).optional(),
  /** What its author says that it shows, such as an alternative text. */
  description: z.string().max(10_000).optional(),
  /** Who posted it, where that is not the author of the message that brings it. */
  author: authorSchema.optional(),
  /** How the message brings it, where it is no file of its own: what models and people are told of its pictures. */
  source: pictureSourceSchema.optional(),
});
/** See {@link attachmentSchema}. */
export type Attachment = z.infer<typeof attachmentSchema>;

/** Text that a message brings and that is not its author's own word to the bot. */
export const quoteSchema = z.object({
  /** Where it is from. */
  source: z.enum(['reply', 'forward', 'embed', 'history']),
  /** Who wrote it, if that is known. */
  author: z.string().max(1000).optional(),
  /** The platform's id of them: what a person wrote is forgotten with the person also where others quote it. */
  authorId: platformId.optional(),
  text: z.string().max(10_000),
});
/** See {@link quoteSchema}. */
export type Quote = z.infer<typeof quoteSchema>;

/** A command that a person called, and with which options. */
export const commandCallSchema = z.object({
  name: z.string().min(1).max(100),
  /** As the platform gave them; the command's own schema checks them. */
  options: z.record(z.string().max(100), z.union([z.string(), z.number(), z.boolean()])),
});
/** See {@link commandCallSchema}. */
export type CommandCall = z.infer<typeof commandCallSchema>;

const placeSchema = z.object({
  /** Unique for all events of this adapter and tenant; a second one with the same id is ignored. */
  eventId: platformId,
  /** Whose bot this is, such as a guild or team. Tenants never see anything of each other. */
  tenant: platformId,
  /**
   * Where the conversation is had, such as a channel or thread; unique within the tenant.
   * `conversation:{id}` is the conversation of the store that has this id. Keys that begin with `private:` are those
   * of `privateConversationKey`: what one person alone sees.
   */
  conversationKey: platformId,
  /**
   * The platform's id of the message that it is about; unique within the conversation. `answer:{id}` is one
   * whose answer gets this id in the store.
   */
  messageId: platformId,
});

const contentSchema = z.object({
  /** May be empty when there are attachments. */
  text: z.string(),
  attachments: z.array(attachmentSchema).max(100).default([]),
  /** What it replies to, forwards or links to, and what was said before; a model sees it as material, not as instructions. */
  quotes: z.array(quoteSchema).max(100).optional(),
  /** The command that is called with it, where it is one; it may be all of the message. */
  command: commandCallSchema.optional(),
});

/** A person wrote to the bot. */
export const messageEventSchema = placeSchema.extend({
  type: z.literal('message'),
  ...contentSchema.shape,
  author: authorSchema,
  /**
   * Of adapters whose conversations are those of the store (`conversation:{id}`): the message that this is
   * another version of. One of a question keeps its pictures, one of an answer answers the same question.
   */
  versionOf: messageIdSchema.optional(),
  /** When it was written, in milliseconds since 1970. */
  postedAtMs: z.number().int().nonnegative(),
});
/** See {@link messageEventSchema}. */
export type MessageEvent = z.output<typeof messageEventSchema>;

/** What happened on a platform, as an adapter tells the bot. */
export const platformEventSchema = z.discriminatedUnion('type', [
  messageEventSchema,
  /** A person changed a message: its answer is made anew, in place. */
  placeSchema.extend({ type: z.literal('edited'), ...contentSchema.shape }),
  /** A person deleted a message: its answer is no longer made, and its pictures go. */
  placeSchema.extend({ type: z.literal('deleted') }),
  /** A person does not want the answer to a message any more: what there is of it stays. */
  placeSchema.extend({ type: z.literal('cancelled') }),
  /** A person said what they think of the answer to a message; null takes it back. */
  placeSchema.extend({
    type: z.literal('feedback'),
    rating: z.enum(['up', 'down']).nullable(),
    comment: z.string().max(10_000).optional(),
    author: authorSchema,
  }),
]);
/** See {@link platformEventSchema}; defaults may be left out. */
export type PlatformEvent = z.input<typeof platformEventSchema>;
