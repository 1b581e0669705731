import type { CommandDescription } from '../../adapter/command-description.js';
import type { CommandCall } from '../../adapter/platform-event.js';
import type { ErrorJson } from '../../errors.js';
import type { ToolDescription } from '../../generation/tool-use.js';
import type { SharedFeedback } from '../feedback.js';
import type { SharedForgetting } from '../forgetting.js';
import type { GenerateOptions } from '../generate.js';
import type { Announcement } from '../plugin.js';
import type { ConversationPicture, MessageFacts } from '../plugin-message.js';
import type { ReplyOptions } from '../reply-options.js';
import type { RouteMethod } from '../route.js';
import type { ScheduleDefinition } from '../schedule.js';

/** A message as it crosses to the process of a plugin; what can be asked about it is asked back. */
export interface CrossingMessage
  extends Omit<MessageFacts, 'pictures' | 'conversationPictures' | 'keptPicture' | 'signal'> {
  conversationPictures: Omit<ConversationPicture, 'bytes' | 'perceptualHash' | 'redacted'>[];
  config: unknown;
}

/** An HTTP request as it crosses. */
export interface CrossingRequest {
  url: string;
  method: string;
  headers: [string, string][];
  body: Uint8Array;
}

/** An HTTP response as it crosses. */
export interface CrossingResponse {
  status: number;
  headers: [string, string][];
  body: Uint8Array;
}

/** What a plugin registered; its place in the list is how it is called. */
export type HandlerDescription =
  | { type: 'message' | 'answer' | 'feedback' | 'forget' | 'prompt' | 'start' }
  | { type: 'command'; description: CommandDescription }
  | { type: 'tool'; description: ToolDescription }
  | { type: 'schedule'; definition: Omit<ScheduleDefinition, 'run'> }
  | { type: 'route'; method: RouteMethod; path: string };

/** What a handler is called with. */
export type HandlerInput =
  | { type: 'message'; message: CrossingMessage }
  | { type: 'answer'; message: CrossingMessage; text: string }
  | { type: 'feedback'; feedback: SharedFeedback; config: unknown }
  | { type: 'forget'; forgetting: SharedForgetting; config: unknown }
  | { type: 'prompt'; message: CrossingMessage }
  | { type: 'command'; message: CrossingMessage; call: CommandCall }
  | { type: 'tool'; message: CrossingMessage; input: unknown; callKey: string }
  | { type: 'schedule'; atMs: number }
  | { type: 'route'; request: CrossingRequest }
  | { type: 'start' }
  | { type: 'stop' };

/** What a handler did, told with its next word. */
export interface Effects {
  replies: ({ text: string } & ReplyOptions)[];
  instructions: string[];
  /** Whether a command leaves the answer to the model. */
  isForModel: boolean;
  /** Of an answer, when it was changed. */
  text?: string;
}

/** How important a line of the log is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a plugin asks of the bot. */
export type Question =
  | { type: 'next' }
  | {
      type: 'generate';
      options: Omit<GenerateOptions, 'onConfidence'>;
      jsonSchema?: Record<string, unknown>;
    }
  | { type: 'picture' | 'perceptualHash'; number: number }
  | { type: 'announce'; announcement: Announcement }
  | { type: 'log'; level: LogLevel; fields: object; message: string; about: object[] }
  | {
      type: 'measure';
      metric: 'counter' | 'gauge' | 'histogram';
      name: string;
      help: string;
      /** Absent when it is only made known. */
      value?: number;
      buckets?: readonly number[];
    }
  | { type: 'get' | 'delete'; tenant: string; key: string }
  | { type: 'set' | 'add'; tenant: string; key: string; value: unknown }
  | { type: 'keys'; tenant: string; prefix: string | undefined };

/** What the bot sends to the process. */
export type ToPlugin =
  | { type: 'setup'; module: string; config: unknown }
  | { type: 'call'; id: number; handler: number; input: HandlerInput; nowMs: number }
  | { type: 'abort'; id: number }
  | { type: 'ping' }
  | { type: 'told'; question: number; result?: unknown; error?: ErrorJson };

/** What the process sends to the bot. */
export type FromPlugin =
  | { type: 'ready'; handlers: HandlerDescription[] }
  | { type: 'failed'; error: ErrorJson }
  | { type: 'pong' }
  /** Without a call for what is asked outside of any. */
  | { type: 'ask'; question: number; asked: Question; call?: number; effects?: Effects }
  | { type: 'done'; id: number; effects: Effects; result?: unknown; error?: ErrorJson };
