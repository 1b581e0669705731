import { type Command, toCommand } from './command.js';
import type { Plugin } from './define-plugin.js';
import type { FeedbackContext } from './feedback.js';
import type { ForgetContext } from './forgetting.js';
import { filtered } from './message-filter.js';
import type {
  AnswerContext,
  MessageContext,
  MessageFilters,
  Middleware,
  PluginContext,
} from './plugin.js';
import type { PluginMessage } from './plugin-message.js';
import { announceOf } from './reply-options.js';
import { type Route, requireRoutePath } from './route.js';
import { type Schedule, toSchedule } from './schedule.js';
import { type Tool, toTool } from './tool.js';

/** What the host gives a plugin besides what it can register. @internal */
export type HostServices = Pick<
  PluginContext<unknown>,
  'announce' | 'log' | 'metrics' | 'nowMs' | 'storage'
>;

type Start = Parameters<PluginContext<unknown>['onStart']>[0];
type Contribution = (message: PluginMessage) => string | undefined | Promise<string | undefined>;

/** All that a plugin registered in its `setup`. @internal */
export interface Registration {
  plugin: Plugin;
  onMessage: Middleware<MessageContext>[];
  onAnswer: Middleware<AnswerContext>[];
  onFeedback: ((feedback: FeedbackContext) => Promise<void>)[];
  onForget: ((forgetting: ForgetContext) => Promise<void>)[];
  commands: Command[];
  tools: Tool[];
  prompts: Contribution[];
  schedules: Schedule[];
  routes: Route[];
  starts: Start[];
  /** Frees what it holds, whether it was started or not. */
  close(): Promise<void>;
}

/**
 * Sets a plugin up. Throws what it throws. Its handlers are typed by its own configuration, which is
 * what its own `parseConfig` makes, so that the host need not know the type. @internal
 */
export async function register(plugin: Plugin, services: HostServices): Promise<Registration> {
  const { name } = plugin;
  const registration: Registration = {
    plugin,
    onMessage: [],
    onAnswer: [],
    onFeedback: [],
    onForget: [],
    commands: [],
    tools: [],
    prompts: [],
    schedules: [],
    routes: [],
    starts: [],
    close: async () => {},
  };
  function onMessage(middleware: Middleware<MessageContext>): void;
  function onMessage<Filter extends keyof MessageFilters<unknown>>(
    filter: Filter,
    middleware: Middleware<MessageFilters<unknown>[Filter]>,
  ): void;
  function onMessage<Filter extends keyof MessageFilters<unknown>>(
    ...given:
      | [Middleware<MessageContext>]
      | [filter: Filter, middleware: Middleware<MessageFilters<unknown>[Filter]>]
  ): void {
    registration.onMessage.push(given.length === 1 ? given[0] : filtered(...given));
  }
  await plugin.setup({
    ...services,
    announce: announceOf(name, registration.commands, services.announce),
    onMessage,
    onAnswer: (middleware) => registration.onAnswer.push(middleware),
    onFeedback: (handler) => registration.onFeedback.push(handler),
    onForget: (handler) => registration.onForget.push(handler),
    command: (definition) => registration.commands.push(toCommand(name, definition)),
    tool: (definition) => registration.tools.push(toTool(name, definition)),
    prompt: (contribution) =>
      registration.prompts.push(
        typeof contribution === 'string' ? () => contribution : contribution,
      ),
    schedule: (definition) => registration.schedules.push(toSchedule(name, definition)),
    route: (method, path, handler) => {
      requireRoutePath(name, path);
      registration.routes.push({ method, path, handler });
    },
    onStart: (start) => registration.starts.push(start),
  });
  return registration;
}
