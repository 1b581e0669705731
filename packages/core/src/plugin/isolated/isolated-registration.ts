import { z } from 'zod';
import type { Plugin } from '../define-plugin.js';
import type { AnswerContext, MessageContext } from '../plugin.js';
import type { PluginMessage } from '../plugin-message.js';
import type { HostServices, Registration } from '../registration.js';
import { announceOf } from '../reply-options.js';
import { toSchedule } from '../schedule.js';
import { BadToolInput } from '../tool.js';
import { answerOutside } from './answer-outside.js';
import { PluginProcess } from './plugin-process.js';
import type { CrossingMessage, CrossingRequest, HandlerDescription, Question } from './protocol.js';

/** Starts the process of an isolated plugin, and registers for each of its handlers one that calls it there. @internal */
export async function registerIsolated(
  plugin: Plugin,
  isolation: { module: string; given: unknown },
  services: HostServices,
): Promise<Registration> {
  const commands: Registration['commands'] = [];
  const announce = announceOf(plugin.name, commands, services.announce);
  const own = { ...services, announce };
  const process = new PluginProcess(plugin.name, isolation, own);
  try {
    const proxy = new IsolatedRegistration(plugin, process, own, commands);
    for (const [index, handler] of (await process.handlers()).entries()) proxy.add(index, handler);
    return proxy.registration;
  } catch (error) {
    await process.close();
    throw error;
  }
}

class IsolatedRegistration {
  readonly registration: Registration;

  constructor(
    plugin: Plugin,
    private readonly process: PluginProcess,
    private readonly services: HostServices,
    commands: Registration['commands'],
  ) {
    this.registration = {
      plugin,
      onMessage: [],
      onAnswer: [],
      onFeedback: [],
      onForget: [],
      commands,
      tools: [],
      prompts: [],
      schedules: [],
      routes: [],
      starts: [],
      close: () => process.close(),
    };
  }

  add(index: number, handler: HandlerDescription): void {
    const { registration, process, services } = this;
    const { name } = registration.plugin;
    switch (handler.type) {
      case 'message':
        registration.onMessage.push((message, next) => this.#message(index, message, next));
        break;
      case 'answer':
        registration.onAnswer.push((answer, next) => this.#answer(index, answer, next));
        break;
      case 'feedback':
        registration.onFeedback.push(async ({ storage: _, config, ...feedback }) => {
          await process.call(index, { type: 'feedback', feedback, config });
        });
        break;
      case 'forget':
        registration.onForget.push(async ({ storage: _, config, ...forgetting }) => {
          await process.call(index, { type: 'forget', forgetting, config });
        });
        break;
      case 'prompt':
        registration.prompts.push((message) => this.#prompt(index, message));
        break;
      case 'command': {
        const { description } = handler;
        const run: Registration['commands'][number]['run'] = async (call, context) => {
          const { signal, reply, ask } = context;
          await process.call(
            index,
            { type: 'command', call, message: crossing(context) },
            {
              signal,
              take: ({ replies, instructions, isForModel }) => {
                for (const { text, ...options } of replies) reply(text, options);
                if (isForModel) ask(instructions.join('\n\n') || undefined);
              },
              answer: (question) => answerAbout(context, question, services),
            },
          );
        };
        registration.commands.push({ description, run });
        break;
      }
      case 'tool': {
        const run: Registration['tools'][number]['run'] = async (input, context) => {
          const { callKey, signal } = context;
          const message = crossing(context);
          const answer = (question: Question) => answerAbout(context, question, services);
          const outcome = await process.call(
            index,
            { type: 'tool', message, input, callKey },
            { signal, answer },
          );
          const { result, badInput } = toolOutcomeSchema.parse(outcome);
          if (badInput !== undefined) throw new BadToolInput(badInput);
          return result;
        };
        registration.tools.push({ description: handler.description, run });
        break;
      }
      case 'schedule': {
        const run = async ({ atMs, signal }: { atMs: number; signal: AbortSignal }) => {
          await process.call(index, { type: 'schedule', atMs }, { signal });
        };
        registration.schedules.push(toSchedule(name, { ...handler.definition, run }));
        break;
      }
      case 'route': {
        const { method, path } = handler;
        registration.routes.push({
          method,
          path,
          handler: async (request, { signal }) => {
            const crossed = await toCrossing(request);
            if (crossed === undefined) return new Response('Too long.', { status: 413 });
            return toResponse(
              await process.call(index, { type: 'route', request: crossed }, { signal }),
            );
          },
        });
        break;
      }
      case 'start':
        registration.starts.push(async () => {
          await process.call(index, { type: 'start' });
          return async () => void (await process.call(index, { type: 'stop' }));
        });
    }
  }

  async #message(index: number, message: MessageContext, next: () => Promise<void>): Promise<void> {
    await this.process.call(
      index,
      { type: 'message', message: crossing(message) },
      {
        signal: message.signal,
        take: ({ replies, instructions }) => {
          for (const { text, ...options } of replies) message.reply(text, options);
          message.instructions.push(...instructions);
        },
        answer: (question) =>
          question.type === 'next' ? next() : answerAbout(message, question, this.services),
      },
    );
  }

  async #answer(index: number, answer: AnswerContext, next: () => Promise<void>): Promise<void> {
    const { message, text, signal } = answer;
    await this.process.call(
      index,
      { type: 'answer', message: crossing(message), text },
      {
        signal,
        take: (effects) => {
          if (effects.text !== undefined) answer.text = effects.text;
        },
        answer: async (question) => {
          if (question.type !== 'next') return answerAbout(message, question, this.services);
          await next();
          return answer.text;
        },
      },
    );
  }

  async #prompt(index: number, message: PluginMessage): Promise<string | undefined> {
    const said = await this.process.call(
      index,
      { type: 'prompt', message: crossing(message) },
      {
        signal: message.signal,
        answer: (question) => answerAbout(message, question, this.services),
      },
    );
    return z.string().optional().parse(said);
  }
}

/** Bad input is no fault, so that it crosses apart from those. */
const toolOutcomeSchema = z.object({
  result: z.unknown().optional(),
  badInput: z.string().optional(),
});

/** Only what can be cloned: what else a message can do is asked back. */
function crossing(message: PluginMessage): CrossingMessage {
  const { tenant, adapter, capabilities, conversationKey, messageId, author } = message;
  const { text, attachments, command, config } = message;
  const conversationPictures = message.conversationPictures.map(
    ({ bytes: _, perceptualHash: __, redacted: ___, ...picture }) => picture,
  );
  const place = { tenant, adapter, capabilities, conversationKey, messageId };
  const called = command === undefined ? {} : { command };
  return { ...place, author, text, attachments, conversationPictures, config, ...called };
}

async function answerAbout(
  message: PluginMessage,
  question: Question,
  services: HostServices,
): Promise<unknown> {
  if (question.type === 'picture')
    return message.conversationPictures.find(({ number }) => number === question.number)?.bytes();
  if (question.type === 'perceptualHash')
    return message.conversationPictures
      .find(({ number }) => number === question.number)
      ?.perceptualHash();
  if (question.type !== 'generate') return answerOutside(question, services);
  const { options, jsonSchema } = question;
  let confidence: number | undefined;
  const onConfidence = (measured: number) => {
    confidence = measured;
  };
  const about = { ...options, onConfidence };
  const value =
    jsonSchema === undefined
      ? await message.generate(about)
      : await message.generate({ ...about, schema: z.fromJSONSchema(jsonSchema) });
  return { value, confidence };
}

/** Longest body of a request. */
const maxBodyBytes = 2 ** 20;

/** Undefined where the body is too long. */
async function toCrossing(request: Request): Promise<CrossingRequest | undefined> {
  const { url, method } = request;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  const body = new Uint8Array(Buffer.concat(chunks));
  return { url, method, headers: [...request.headers], body };
}

const responseSchema = z.object({
  status: z.int().min(200).max(599),
  headers: z.array(z.tuple([z.string(), z.string()])),
  body: z.instanceof(Uint8Array),
});

/** https://fetch.spec.whatwg.org/#null-body-status */
const withoutBody = [204, 205, 304];

function toResponse(given: unknown): Response {
  const { status, headers, body } = responseSchema.parse(given);
  const sent = withoutBody.includes(status) ? null : new Uint8Array(body);
  return new Response(sent, { status, headers });
}
