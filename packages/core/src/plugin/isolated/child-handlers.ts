import { z } from 'zod';
import { VistazoError } from '../../errors.js';
import type { Registration } from '../registration.js';
import { replyOf } from '../reply-options.js';
import { BadToolInput } from '../tool.js';
import { type ChildCall, storageOf } from './child-call.js';
import type {
  CrossingRequest,
  CrossingResponse,
  HandlerDescription,
  HandlerInput,
} from './protocol.js';

/** A handler of the plugin, and how the bot learns of it. @internal */
export interface ChildHandler {
  description: HandlerDescription;
  call(input: HandlerInput, call: ChildCall): Promise<unknown>;
}

/** All that a plugin registered, to be called by its number. @internal */
export function childHandlers(registration: Registration): ChildHandler[] {
  const { onMessage, onAnswer, onFeedback, onForget, prompts, commands } = registration;
  const { tools, schedules, routes, starts, plugin } = registration;
  const replyTo = (call: ChildCall) =>
    replyOf(plugin.name, commands, (text, options) => call.reply(text, options));
  return [
    ...onMessage.map((middleware) =>
      handlerOf({ type: 'message' }, 'message', ({ message }, call) =>
        middleware(
          {
            ...call.message(message),
            instructions: call.instructions,
            reply: replyTo(call),
          },
          async () => void (await call.ask({ type: 'next' })),
        ),
      ),
    ),
    ...onAnswer.map((middleware) =>
      handlerOf({ type: 'answer' }, 'answer', ({ message, text }, call) => {
        let shown = text;
        const answer = {
          message: call.message(message),
          signal: call.stop.signal,
          get text() {
            return shown;
          },
          set text(changed) {
            shown = changed;
            call.changeText(changed);
          },
        };
        return middleware(answer, async () => {
          shown = z.string().parse(await call.ask({ type: 'next' }));
        });
      }),
    ),
    ...onFeedback.map((handle) =>
      handlerOf({ type: 'feedback' }, 'feedback', ({ feedback, config }) =>
        handle({ ...feedback, config, storage: storageOf(feedback.tenant) }),
      ),
    ),
    ...onForget.map((handle) =>
      handlerOf({ type: 'forget' }, 'forget', ({ forgetting, config }) =>
        handle({ ...forgetting, config, storage: storageOf(forgetting.tenant) }),
      ),
    ),
    ...prompts.map((contribution) =>
      handlerOf({ type: 'prompt' }, 'prompt', ({ message }, call) =>
        contribution(call.message(message)),
      ),
    ),
    ...commands.map(({ description, run }) =>
      handlerOf({ type: 'command', description }, 'command', ({ message, call: called }, call) =>
        run(called, {
          ...call.message(message),
          reply: replyTo(call),
          ask: (instructions) => call.leaveToModel(instructions),
        }),
      ),
    ),
    ...tools.map(({ description, run }) =>
      handlerOf(
        { type: 'tool', description },
        'tool',
        async ({ message, input, callKey }, call) => {
          try {
            return { result: await run(input, { ...call.message(message), callKey }) };
          } catch (error) {
            if (error instanceof BadToolInput) return { badInput: error.message };
            throw error;
          }
        },
      ),
    ),
    ...schedules.map(({ run, name, every, timeZone, timeoutMs }) => {
      const definition = {
        ...{ name, every },
        ...(timeZone !== undefined && { timeZone }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      };
      return handlerOf({ type: 'schedule', definition }, 'schedule', ({ atMs }, { stop }) =>
        run({ atMs, signal: stop.signal }),
      );
    }),
    ...routes.map(({ handler, ...route }) =>
      handlerOf({ type: 'route', ...route }, 'route', async ({ request }, { stop }) =>
        toCrossing(await handler(toRequest(request), { signal: stop.signal })),
      ),
    ),
    ...starts.map((start): ChildHandler => {
      let stop: (() => Promise<void>) | undefined;
      return {
        description: { type: 'start' },
        async call({ type }) {
          if (type === 'start') stop = await start();
          else await stop?.();
        },
      };
    }),
  ];
}

function handlerOf<Type extends HandlerInput['type']>(
  description: HandlerDescription,
  type: Type,
  handle: (input: Extract<HandlerInput, { type: Type }>, call: ChildCall) => unknown,
): ChildHandler {
  return {
    description,
    async call(input, call) {
      if (isOf(input, type)) return handle(input, call);
      throw new VistazoError('internal', `A handler of ${type} was called for ${input.type}.`);
    },
  };
}

function isOf<Type extends HandlerInput['type']>(
  input: HandlerInput,
  type: Type,
): input is Extract<HandlerInput, { type: Type }> {
  return input.type === type;
}

function toRequest({ url, method, headers, body }: CrossingRequest): Request {
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(url, { method, headers, ...(hasBody && { body: new Uint8Array(body) }) });
}

async function toCrossing(response: Response): Promise<CrossingResponse> {
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: [...response.headers], body };
}
