import { z } from 'zod';
import { VistazoError } from '../errors.js';
import { maxTimerMs } from '../generation/deadline.js';
import { defaultPictureLimits } from '../media/picture-limits.js';

const count = z.number().int().positive();
const milliseconds = z.number().positive().max(maxTimerMs);

const botLimitsSchema = z.strictObject({
  /** Most bytes of a picture as it comes in. Default 25 MiB. */
  maxPictureBytes: count.default(defaultPictureLimits.maxBytes),
  /** Most pictures of one message. Default 10. */
  maxPictures: count.default(10),
  /** Most characters (UTF-16 units) of one message. Default 100,000. */
  maxTextLength: count.default(100_000),
  /** Most messages that are answered side by side in this process; 0 where others answer. Default 4. */
  maxConcurrentAnswers: z.number().int().nonnegative().default(4),
  /** Most messages of one person in one tenant that wait or are answered; more are not answered. Default 20. */
  maxOpenPerPerson: count.default(20),
  /** Longest time of a plugin's own for one step. Default 10,000. */
  pluginTimeoutMs: milliseconds.default(10_000),
  /** How long a message is kept for a process that does not say that it lives. Default 30,000. */
  leaseMs: milliseconds.min(1000).default(30_000),
  /** How often is looked for messages that another process left. Default 1000. */
  pollMs: milliseconds.default(1000),
});

/** Bounds on what a bot takes; all have a default. */
export type BotLimits = z.input<typeof botLimitsSchema>;

/** Throws `option.invalid`. @internal */
export function parseBotLimits(limits: BotLimits): z.output<typeof botLimitsSchema> {
  const parsed = botLimitsSchema.safeParse(limits);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'option.invalid',
    `The limits of the bot are not valid: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`,
  );
}
