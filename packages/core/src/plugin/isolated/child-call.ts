import { z } from 'zod';
import { VistazoError } from '../../errors.js';
import { zodToJsonSchema } from '../../generation/zod-to-json-schema.js';
import type { PluginStorage } from '../../store/plugin-storage.js';
import type { Generate, GenerateOptions } from '../generate.js';
import type { PluginMessage } from '../plugin-message.js';
import type { ReplyOptions } from '../reply-options.js';
import type { CrossingMessage, Effects, FromPlugin, Question, ToPlugin } from './protocol.js';
import { sendToBot } from './send-to-bot.js';

/** What the bot answers to `generate`. */
const generatedSchema = z.object({ value: z.unknown(), confidence: z.number().optional() });

const waiting = new Map<number, PromiseWithResolvers<unknown>>();
let lastQuestion = 0;

/** Asks the bot something, outside of any call where none is given. @internal */
export function ask(asked: Question, call?: { id: number; effects: Effects }): Promise<unknown> {
  const question = ++lastQuestion;
  const told = Promise.withResolvers<unknown>();
  waiting.set(question, told);
  const message: FromPlugin = {
    type: 'ask',
    question,
    asked,
    ...(call !== undefined && { call: call.id, effects: call.effects }),
  };
  sendToBot(message);
  return told.promise;
}

/** The bot answered. @internal */
export function hear({ question, result, error }: Extract<ToPlugin, { type: 'told' }>): void {
  const told = waiting.get(question);
  waiting.delete(question);
  if (error === undefined) told?.resolve(result);
  else told?.reject(VistazoError.fromJSON(error));
}

/** The values of the plugin, which the bot keeps. @internal */
export function storageOf(tenant: string): PluginStorage {
  return {
    get: (key) => ask({ type: 'get', tenant, key }),
    set: async (key, value) => void (await ask({ type: 'set', tenant, key, value })),
    add: async (key, value) => z.boolean().parse(await ask({ type: 'add', tenant, key, value })),
    delete: async (key) => void (await ask({ type: 'delete', tenant, key })),
    keys: async (prefix) => z.array(z.string()).parse(await ask({ type: 'keys', tenant, prefix })),
  };
}

/** One call of a handler: what it did is told to the bot with its next word. @internal */
export class ChildCall {
  readonly stop = new AbortController();
  /** For the handler to add to. */
  readonly instructions: string[] = [];
  #toldInstructions = 0;
  #effects: Omit<Effects, 'instructions'> = nothingDone();

  constructor(private readonly id: number) {}

  /** What was done since this was asked last. */
  takeEffects(): Effects {
    const instructions = this.instructions.slice(this.#toldInstructions);
    this.#toldInstructions = this.instructions.length;
    const effects = { ...this.#effects, instructions };
    this.#effects = nothingDone();
    return effects;
  }

  reply(text: string, options?: ReplyOptions): void {
    this.#effects.replies.push({ text, ...options });
  }

  leaveToModel(instructions: string | undefined): void {
    this.#effects.isForModel = true;
    if (instructions !== undefined) this.instructions.push(instructions);
  }

  changeText(text: string): void {
    this.#effects.text = text;
  }

  ask(asked: Question): Promise<unknown> {
    return ask(asked, { id: this.id, effects: this.takeEffects() });
  }

  message({ conversationPictures: crossed, ...facts }: CrossingMessage): PluginMessage {
    const conversationPictures = crossed.map((picture) => ({
      ...picture,
      bytes: async () =>
        z.instanceof(Uint8Array).parse(await this.ask({ type: 'picture', number: picture.number })),
      perceptualHash: async () =>
        z
          .string()
          .optional()
          .parse(await this.ask({ type: 'perceptualHash', number: picture.number })),
      redacted: async () => {
        throw notIsolated('redacted');
      },
    }));
    return {
      ...facts,
      conversationPictures,
      keptPicture: async () => {
        throw notIsolated('keptPicture');
      },
      pictures: conversationPictures.filter(({ isOfMessage }) => isOfMessage),
      storage: storageOf(facts.tenant),
      generate: this.#generator(),
      signal: this.stop.signal,
    };
  }

  #generator(): Generate {
    const askFor = async (
      { onConfidence, ...options }: GenerateOptions,
      jsonSchema?: Record<string, unknown>,
    ) => {
      const said = Object.entries(options).filter(([, value]) => value !== undefined);
      const asked = {
        options: Object.fromEntries(said),
        ...(jsonSchema !== undefined && { jsonSchema }),
      };
      const answer = await this.ask({ type: 'generate', ...asked });
      const { value, confidence } = generatedSchema.parse(answer);
      if (confidence !== undefined) onConfidence?.(confidence);
      return value;
    };
    function generate<Schema extends z.ZodType>(
      options: GenerateOptions & { schema: Schema },
    ): Promise<z.output<Schema>>;
    function generate(options: GenerateOptions & { schema?: undefined }): Promise<string>;
    async function generate({
      schema,
      ...options
    }: GenerateOptions & { schema?: z.ZodType | undefined }): Promise<unknown> {
      if (schema === undefined) return z.string().parse(await askFor(options));
      return schema.parse(await askFor(options, zodToJsonSchema(schema)));
    }
    return generate;
  }
}

/** What is handed on to a place never leaves the bot's process. */
function notIsolated(what: string): VistazoError {
  return new VistazoError(
    'option.unsupported',
    `${what} is not for isolated plugins, which cannot announce pictures; leave out isolated where it is needed.`,
  );
}

function nothingDone(): Omit<Effects, 'instructions'> {
  return { replies: [], isForModel: false };
}
