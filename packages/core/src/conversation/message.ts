import { z } from 'zod';
import type { ImageId, Role, TextPart } from './chat-message.js';

/** Id of a conversation: a UUID. */
export const conversationIdSchema = z.uuid().brand<'ConversationId'>();
/** See {@link conversationIdSchema}. */
export type ConversationId = z.infer<typeof conversationIdSchema>;

/** Id of a message: a UUID. */
export const messageIdSchema = z.uuid().brand<'MessageId'>();
/** See {@link messageIdSchema}. */
export type MessageId = z.infer<typeof messageIdSchema>;

/** A person of a platform. */
export interface Person {
  /** Name of the adapter. */
  adapter: string;
  /** As the platform knows them. */
  id: string;
}

/** Which part of a file a picture shows. */
export type PlaceInFile =
  /** A page of a document; `page` is from 1. */
  | { type: 'page'; page: number; pages: number }
  /** The frame at a time of a video. */
  | { type: 'frame'; atMs: number; durationMs: number };

/** How a message brings a picture that is not simply a file of its own. */
export const pictureSourceSchema = z.enum([
  /** Of the message that it replies to, or of what an answer replied to was about. */
  'reply',
  /** Of a message that it forwards. */
  'forward',
  /** Of the preview of a link. */
  'embed',
  'sticker',
  /** Posted before it. */
  'history',
  /** Of the message that the thread it stands in began with. */
  'thread',
]);
/** See {@link pictureSourceSchema}. */
export type PictureSource = z.infer<typeof pictureSourceSchema>;

/** Who brought a picture into the conversation, when, and from where. */
export interface PictureProvenance {
  /** Who posted it, as the platform names people. */
  author: string;
  /** The platform's id of them, where they are not who brought it into the conversation. */
  authorId?: string;
  /** When it was posted, in milliseconds since 1970. */
  postedAtMs: number;
  /** Where it came from, such as `web` or the id of a channel. */
  origin: string;
  /** The address it was fetched from, if it was. */
  url?: string;
  /** The file name it was posted with, if it had one. */
  name?: string;
  /** Which part of that file it shows; absent where it is the whole. */
  place?: PlaceInFile;
  /** How its message brings it; absent where it is a file of the message. */
  source?: PictureSource;
}

/** A picture as it stands in a message. */
export interface PicturePart {
  type: 'image';
  /** Content address of its bytes in the store. */
  image: ImageId;
  widthPx: number;
  heightPx: number;
  /** 1 for a still picture; absent where that is not known. */
  frames?: number;
  provenance: PictureProvenance;
}

/** A text as it stands in a message. */
export interface KeptTextPart extends TextPart {
  /** The platform's id of whom it is quoted from. */
  authorId?: string;
}

/** One element of a kept message. */
export type MessagePart = KeptTextPart | PicturePart;

/** A message kept in a {@link Conversation}. */
export interface Message {
  id: MessageId;
  /** The message it follows; null for the first one. Messages with the same parent are versions. */
  parentId: MessageId | null;
  role: Exclude<Role, 'system'>;
  parts: readonly MessagePart[];
  /** In milliseconds since 1970. */
  createdAtMs: number;
}

/** The text of a message, its text parts joined by line breaks. */
export function textOf({ parts }: Pick<Message, 'parts'>): string {
  return parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

/** The pictures of a message in order. */
export function picturesOf({ parts }: Pick<Message, 'parts'>): PicturePart[] {
  return parts.filter((part) => part.type === 'image');
}
