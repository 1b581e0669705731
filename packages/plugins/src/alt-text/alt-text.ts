import { type ConversationPicture, definePlugin, type PluginMessage } from '@vistazo/core';
import { z } from 'zod';
import { conversationsSchema, isIn } from '../conversations.js';
import { oneLine } from '../one-line.js';

const configSchema = z.object({
  conversations: conversationsSchema,
  /**
   * What becomes of a message of pictures without a word: `command` tells below its answer how to get a
   * text, `text` answers with the text at once, `none` does nothing. Default `command`.
   */
  offer: z.enum(['command', 'text', 'none']).default('command'),
  /** Most characters of a text; many platforms show no more than 1,000, and readers prefer fewer. Default 250. */
  maxLength: z.int().min(20).max(1000).default(250),
  /** Of the texts. Default `English`. */
  language: z.string().min(1).default('English'),
});
type Config = z.output<typeof configSchema>;

/** About four characters make a token; twice as many leave room. */
const charactersPerToken = 2;

/**
 * Alternative texts, for people who cannot see a picture: `/alt-text` gives one for each picture of the
 * message it is called with or on, or the last one that was posted before.
 */
export const altText = definePlugin({
  name: 'alt-text',
  version: '1.0.0',
  config: configSchema,
  setup({ command, onMessage, onAnswer }) {
    command({
      name: 'alt-text',
      description: 'Writes a text for people who cannot see the picture',
      pictures: 'optional',
      options: z.object({
        language: z.string().min(1).max(40).optional().describe('Of the text, such as Spanish'),
      }),
      async run({ options, reply, ...message }) {
        const pictures = picturesMeant(message);
        if (pictures.length === 0)
          return reply('There is no picture here yet. Attach one to /alt-text.');
        reply(await textsFor(pictures, message, options.language));
      },
    });
    onMessage('pictures', async (message, next) => {
      if (!isUndescribed(message, 'text')) return next();
      message.reply(await textsFor(picturesMeant(message), message));
    });
    onAnswer(async (answer, next) => {
      await next();
      if (isUndescribed(answer.message, 'command'))
        answer.text = `${answer.text}\n\n_For a text that says what is in it to people who cannot see it: /alt-text_`;
    });
  },
});

/** Pictures without a word, where these are to be offered something. */
function isUndescribed(message: PluginMessage<Config>, offer: Config['offer']): boolean {
  const { config, pictures, text, command } = message;
  return (
    config.offer === offer &&
    pictures.length > 0 &&
    text.trim() === '' &&
    command === undefined &&
    isIn(config.conversations, message)
  );
}

/** Those of the message, or the last one before it. */
function picturesMeant({
  conversationPictures,
}: Pick<PluginMessage, 'conversationPictures'>): ConversationPicture[] {
  const own = conversationPictures.filter(({ isOfMessage }) => isOfMessage);
  return own.length > 0 ? own : conversationPictures.slice(-1);
}

async function textsFor(
  pictures: readonly ConversationPicture[],
  message: Pick<PluginMessage<Config>, 'generate' | 'config'>,
  language = message.config.language,
): Promise<string> {
  const texts: string[] = [];
  for (const picture of pictures) texts.push(await textFor(picture, message, language));
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return only;
  return texts.map((text, index) => `${index + 1}. ${text}`).join('\n');
}

/** Each picture alone: a small model mixes up what it sees in several. */
async function textFor(
  { id }: ConversationPicture,
  { generate, config: { maxLength } }: Pick<PluginMessage<Config>, 'generate' | 'config'>,
  language: string,
): Promise<string> {
  const text = await generate({
    pictures: [id],
    instructions: `You write alternative texts for people who cannot see. Say in ${language}, in one or two plain sentences of at most ${maxLength} characters, what matters in the picture; give text in it word for word, of a chart its kind and what it says. Do not begin with "The picture shows". Do not guess who people are.`,
    prompt: 'Describe the picture.',
    maxNewTokens: Math.ceil(maxLength / charactersPerToken),
  });
  return (
    oneLine(text.trim().replace(/^["“”']+|(?<!["“”'])["“”']+$/gu, ''), maxLength) ||
    'Nothing can be made out in this picture.'
  );
}
