import { type ConversationPicture, definePlugin, type PluginMessage } from '@vistazo/core';
import { z } from 'zod';
import { conversationsSchema, isIn } from '../conversations.js';
import { pictureList } from '../picture-list.js';

const configSchema = z.object({
  conversations: conversationsSchema,
  /** Language of the answers, such as `Spanish`. Default: that of each question. */
  language: z.string().min(1).optional(),
  /** Most sentences of an answer, unless more are asked for. Default 4. */
  maxSentences: z.int().min(1).default(4),
});
type Config = z.output<typeof configSchema>;

/**
 * Questions about pictures, in a community or a chat: whoever mentions the bot or replies to it is
 * answered by the model, which is told what the pictures of the conversation are called, so that
 * "and the second one?" works, and to say so where it cannot see something.
 */
export const imageQa = definePlugin({
  name: 'image-qa',
  version: '1.0.0',
  config: configSchema,
  setup({ prompt }) {
    prompt((message) =>
      isIn(message.config.conversations, message) ? instructions(message) : undefined,
    );
  },
});

function instructions(message: PluginMessage<Config>): string {
  const { language, maxSentences } = message.config;
  return [
    'You answer questions about pictures that people post.',
    `Answer in ${language ?? 'the language of the question'}, in at most ${maxSentences} sentences unless more are asked for.`,
    'Say only what can be seen or read in the pictures, and say so plainly when something cannot be made out.',
    ...aboutPictures(message),
  ].join(' ');
}

function aboutPictures({
  conversationPictures,
  pictures,
  attachments,
}: PluginMessage<Config>): string[] {
  const unseen = attachments - pictures.length;
  const sentences =
    conversationPictures.length === 0
      ? [
          'There is no picture in this conversation: when asked about one, say that you see none and ask for it.',
        ]
      : [
          `The conversation has ${pictureList(conversationPictures)}.`,
          newest(conversationPictures),
          'Older pictures may not be shown to you any more: when asked about one that you do not see, ask for it again.',
        ];
  if (unseen <= 0) return sentences;
  return [
    ...sentences,
    `${unseen} of the files of this message cannot be looked at; do not guess what they show.`,
  ];
}

/** Which pictures a question is about when it does not say. */
function newest(pictures: readonly ConversationPicture[]): string {
  const own = [...new Set(pictures.filter(isOfMessage).map(({ number }) => number))];
  const [first] = own;
  if (first === undefined)
    return `The message brings none; it may be about an earlier one, most likely picture ${pictures.at(-1)?.number}.`;
  if (own.length === 1) return `Picture ${first} came with the message.`;
  return own.every((number, index) => number === first + index)
    ? `Pictures ${first} to ${own.at(-1)} came with the message.`
    : `Pictures ${own.join(', ')} came with the message.`;
}

function isOfMessage({ isOfMessage }: ConversationPicture): boolean {
  return isOfMessage;
}
