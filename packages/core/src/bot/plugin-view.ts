import type { z } from 'zod';
import type { Adapter } from '../adapter/adapter.js';
import { type GeneratedObject, generateObject } from '../backend/generate-object.js';
import type { VisionLanguageModel } from '../backend/vision-language-model.js';
import { type ImageId, imageIdSchema } from '../conversation/chat-message.js';
import type { Conversation } from '../conversation/conversation.js';
import {
  type Message,
  type MessageId,
  type PicturePart,
  picturesOf,
} from '../conversation/message.js';
import { numberPictures } from '../conversation/picture-numbers.js';
import { VistazoError } from '../errors.js';
import type { Generate, GenerateOptions } from '../plugin/generate.js';
import type {
  ConversationPicture,
  MessagePicture,
  SharedMessage,
} from '../plugin/plugin-message.js';
import { redactedPicture } from '../plugin/redacted-picture.js';
import type { Aside } from '../plugin/run-middleware.js';
import type { ConversationStore, StoredMessage } from '../store/conversation-store.js';
import type { Job } from '../store/job-store.js';
import { cacheScopeOf } from './cache-scope.js';
import { type PictureNormaliser, recordOf } from './new-pictures.js';
import { planPrompt } from './plan-prompt.js';
import { messageKeyOf } from './turn-ids.js';
import { promptMessages } from './useful-messages.js';

/** What {@link pluginView} needs. @internal */
export interface PluginViewOptions {
  job: Job;
  adapter: Adapter;
  model: VisionLanguageModel;
  media: PictureNormaliser;
  /** Of the message's tenant. */
  store: ConversationStore;
  conversation: Conversation<StoredMessage>;
  answerId: MessageId;
  signal: AbortSignal;
}

/** A message that was taken into its conversation, as plugins see it. @internal */
export function pluginView(options: PluginViewOptions): SharedMessage {
  const { job, adapter, conversation, answerId, signal } = options;
  const { tenant, conversationKey, messageId, author, text, attachments, command } = job.event;
  const asked = promptMessages(conversation, answerId);
  const conversationPictures = numbered(asked, options);
  return {
    facts: {
      tenant,
      adapter: job.adapter,
      capabilities: adapter.capabilities,
      conversationKey,
      messageId,
      author,
      text,
      attachments: attachments.length,
      pictures: conversationPictures.filter(({ isOfMessage }) => isOfMessage),
      conversationPictures,
      keptPicture: (id) => keptPicture(id, options),
      ...(command !== undefined && { command }),
      signal,
    },
    generator: (aside) => generator(asked, options, aside),
  };
}

function numbered(asked: readonly Message[], options: PluginViewOptions): ConversationPicture[] {
  const question = asked.at(-1);
  const numbers = numberPictures(asked).flat().values();
  const parts = asked.flatMap((message) =>
    picturesOf(message).map((part) => ({ part, isOfMessage: message === question })),
  );
  return parts.map(({ part, isOfMessage }) => {
    const { image, widthPx, heightPx, provenance } = part;
    const { name, author } = provenance;
    const size = { widthPx, heightPx, ...(name !== undefined && { name }) };
    const number = numbers.next().value ?? 0;
    return { ...size, ...toldOf(image, options), number, author, isOfMessage };
  });
}

/** What can be made of a picture's bytes, which are read when they are asked for. */
function toldOf(
  id: ImageId,
  { store, media, signal }: PluginViewOptions,
): Pick<MessagePicture, 'id' | 'bytes' | 'perceptualHash' | 'redacted'> {
  const bytes = () => store.pictureBytes(id);
  return {
    id,
    bytes,
    perceptualHash: async () => media.perceptualHash?.(await bytes(), { signal }),
    async redacted(rectangles) {
      const picture = await media.redact?.(await bytes(), { rectangles, signal });
      if (picture !== undefined) return redactedPicture(await recordOf(picture));
      throw new VistazoError(
        'option.unsupported',
        'The media of this bot fills no parts of pictures; leave the option out, or give it a redact.',
      );
    },
  };
}

async function keptPicture(
  id: string,
  options: PluginViewOptions,
): Promise<MessagePicture | undefined> {
  const image = imageIdSchema.safeParse(id);
  if (!image.success) return undefined;
  try {
    const { widthPx, heightPx } = await options.store.picture(image.data);
    return { widthPx, heightPx, ...toldOf(image.data, options) };
  } catch (error) {
    if (error instanceof VistazoError && error.code === 'picture.missing') return undefined;
    throw error;
  }
}

function generator(
  asked: readonly Message[],
  { job, model, store, signal }: PluginViewOptions,
  aside: Aside,
): Generate {
  function generate<Schema extends z.ZodType>(
    options: GenerateOptions & { schema: Schema },
  ): Promise<z.output<Schema>>;
  function generate(options: GenerateOptions & { schema?: undefined }): Promise<string>;
  function generate({
    schema,
    prompt,
    pictures,
    instructions,
    history = false,
    onConfidence,
    ...generation
  }: GenerateOptions & { schema?: z.ZodType | undefined }): Promise<unknown> {
    return aside(async () => {
      const question = asked.at(-1);
      if (question === undefined)
        throw new VistazoError(
          'chat.empty',
          'The message says nothing that a model could be asked about.',
        );
      const about = reworded(question, { prompt, pictures: pictures && partsOf(asked, pictures) });
      const resolvePicture = store.pictureBytes.bind(store);
      const messages = [...(history ? asked.slice(0, -1) : []), about];
      const call = { signal, resolvePicture, cacheScope: cacheScopeOf(messageKeyOf(job)) };
      const plan = await planPrompt({
        model,
        systemMessage: instructions ?? null,
        messages,
        // A plugin says itself how it is to be answered.
        pictureRule: null,
        generation,
        ...call,
      });
      const options = { ...generation, ...call };
      const { value, end } =
        schema === undefined
          ? await textFrom(model, plan.messages, options)
          : await generateObject(model, plan.messages, { ...options, schema });
      if (end.confidence !== undefined) onConfidence?.(end.confidence);
      return value;
    });
  }
  return generate;
}

/** The pictures with these ids. */
function partsOf(asked: readonly Message[], ids: readonly ImageId[]): PicturePart[] {
  const parts = new Map(asked.flatMap(picturesOf).map((part) => [part.image, part]));
  return ids.map((id) => {
    const part = parts.get(id);
    if (part !== undefined) return part;
    throw new VistazoError(
      'option.invalid',
      `The picture ${id} is none of this conversation; use the ids of conversationPictures.`,
    );
  });
}

function reworded(
  question: Message,
  {
    prompt,
    pictures = picturesOf(question),
  }: { prompt: string | undefined; pictures: PicturePart[] | undefined },
): Message {
  const texts = question.parts.filter(({ type }) => type === 'text');
  const said = prompt === undefined ? texts : [{ type: 'text' as const, text: prompt }];
  return { ...question, parts: [...pictures, ...said] };
}

async function textFrom(
  model: VisionLanguageModel,
  messages: Parameters<VisionLanguageModel['generate']>[0],
  options: Parameters<VisionLanguageModel['generate']>[1],
): Promise<GeneratedObject<string>> {
  for await (const event of model.generate(messages, options)) {
    if (event.type !== 'end') continue;
    if (event.finishReason !== 'aborted') return { value: event.text, end: event };
    throw new VistazoError('generation.aborted', 'The message was changed, or the bot stops.');
  }
  throw new VistazoError('internal', 'The answer of the model has no end.');
}
