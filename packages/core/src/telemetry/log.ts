import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { z } from 'zod';
import { VistazoError } from '../errors.js';
import { StandardError } from './standard-error.js';

type Write = (fields: object, message: string) => void;

/** What is called of a logger such as pino's. */
export interface Logger {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
  /** A logger whose lines have these fields as well. */
  child(fields: Record<string, unknown>): Logger;
}

/** Where lines go: each is JSON with a line break at its end. */
export interface LogDestination {
  write(line: string): void;
}

const logOptionsSchema = z.strictObject({
  /** Least important lines that are written. Default `info`: a line for each answer, and what failed. */
  level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Default: the standard error output. */
  destination: z.custom<LogDestination>(isDestination, 'has no method write').optional(),
  /**
   * Whether messages and stacks of errors are written beside their codes. They may quote what people
   * wrote, names of files and addresses. Default false.
   */
  errorDetails: z.boolean().default(false),
});

/** How a bot logs, in lines of JSON. */
export type LogOptions = z.input<typeof logOptionsSchema>;

/** A logger, and whether it may be told details of errors. Throws `option.invalid`. @internal */
export function openLog(log: Logger | LogOptions): { logger: Logger; errorDetails: boolean } {
  if ('child' in log) return { logger: log, errorDetails: false };
  const parsed = logOptionsSchema.safeParse(log);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new VistazoError(
      'option.invalid',
      `The option log is not valid: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`,
    );
  }
  const { level, errorDetails, destination: given } = parsed.data;
  if (given !== undefined) hearErrors(given);
  return { logger: pino({ level }, given ?? new StandardError()), errorDetails };
}

/** What a destination such as pino's cannot write is its own affair; the event, unheard, would end the process. */
function hearErrors(given: LogDestination): void {
  if (given instanceof EventEmitter) given.on('error', () => {});
}

/** A logger as {@link createBot} makes it of its option `log`. Throws `option.invalid`. */
export function openLogger(log: Logger | LogOptions): Logger {
  return openLog(log).logger;
}

function isDestination(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'write' in value &&
    typeof value.write === 'function'
  );
}
