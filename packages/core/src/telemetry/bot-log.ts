import { stdSerializers } from 'pino';
import { faultOf } from './fault.js';
import { type Logger, type LogOptions, openLog } from './log.js';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Writes what happens as a short sentence and fields, and errors by what may be told of them. @internal */
export class BotLog {
  private constructor(
    private readonly logger: Logger,
    private readonly errorDetails: boolean,
  ) {}

  /** Throws `option.invalid`. */
  static open(log: Logger | LogOptions): BotLog {
    const { logger, errorDetails } = openLog(log);
    return new BotLog(logger, errorDetails);
  }

  /** A log whose lines have these fields as well. */
  child(fields: Record<string, unknown>): BotLog {
    return new BotLog(this.logger.child(fields), this.errorDetails);
  }

  /** A logger for a plugin, which writes what it likes. */
  ofPlugin(plugin: string): Logger {
    return this.logger.child({ plugin });
  }

  write(level: Level, sentence: string, fields: object = {}): void {
    try {
      this.logger[level](fields, sentence);
    } catch {
      // Whatever the log is written to, an answer does not depend on it.
    }
  }

  failed(level: Level, sentence: string, error: unknown, fields: object = {}): void {
    const details = this.errorDetails && error instanceof Error && stdSerializers.err(error);
    this.write(level, sentence, {
      ...fields,
      ...faultOf(error),
      ...(details && { error: details }),
    });
  }
}
