import { z } from 'zod';
import { VistazoError } from '../errors.js';
import { maxTimerMs } from '../generation/deadline.js';
import { defaultMaxPages, defaultMaxVideoFrames } from '../media/file-pictures.js';
import { defaultPictureLimits } from '../media/picture-limits.js';

const count = z.number().int().positive();
const milliseconds = z.number().positive().max(maxTimerMs);

const rate = z.strictObject({
  /** Most messages at once. */
  burst: count,
  /** Most messages a minute in the long run. */
  perMinute: z.number().positive(),
});
const secondsPerHour = z.number().positive().nullable().default(null);

const botLimitsSchema = z.strictObject({
  /** Most bytes of a picture, document or video as it comes in. Default 25 MiB. */
  maxPictureBytes: count.default(defaultPictureLimits.maxBytes),
  /** Most pictures of one message, each page of a document and each frame of a video counted. Default 10. */
  maxPictures: count.default(10),
  /** Most pages of a document that are looked at, from its first. Default 8. */
  maxPages: count.default(defaultMaxPages),
  /** Most frames of a video that are looked at, evenly spread from the first to the last. Default 8. */
  maxVideoFrames: count.default(defaultMaxVideoFrames),
  /** Most characters (UTF-16 units) of one message. Default 100,000. */
  maxTextLength: count.default(100_000),
  /** Most messages that are answered side by side in this process; 0 where others answer. Default 4. */
  maxConcurrentAnswers: z.number().int().nonnegative().default(4),
  /** Most messages of one person in one tenant that wait or are answered; more are not answered. Default 20. */
  maxOpenPerPerson: count.default(20),
  /** Most messages of a tenant that wait or are answered; more are not answered. Default 1,000. */
  maxOpenPerTenant: count.default(1000),
  /** Most messages that wait or are answered, of all processes; more are not answered. Default 10,000. */
  maxOpen: count.default(10_000),
  /**
   * Most messages of one person that are answered side by side, of all processes. Default half of
   * `maxConcurrentAnswers`, at least 1, so that nobody holds up all others.
   */
  maxConcurrentPerPerson: count.optional(),
  /** How many messages of one person in a tenant are taken; null for any number. Default 20 at once, 30 a minute. */
  perPerson: rate.nullable().default({ burst: 20, perMinute: 30 }),
  /** How many messages of a tenant are taken; null for any number. Default 200 at once, 600 a minute. */
  perTenant: rate.nullable().default({ burst: 200, perMinute: 600 }),
  /** Seconds that the model may work within an hour for one person in a tenant; null for any number. Default null. */
  modelSecondsPerPerson: secondsPerHour,
  /** The same for a tenant. Default null. */
  modelSecondsPerTenant: secondsPerHour,
  /** How long a message waits before its person is told where it stands. Default 3,000. */
  standingAfterMs: milliseconds.default(3000),
  /** Of the policy `debounce`: how long a message waits for another one of the same person. Default 1,500. */
  debounceMs: milliseconds.default(1500),
  /** Longest time of a plugin's own for one step. Default 10,000. */
  pluginTimeoutMs: milliseconds.default(10_000),
  /** How long a message is kept for a process that does not say that it lives. Default 30,000. */
  leaseMs: milliseconds.min(1000).default(30_000),
  /** How often is looked for messages that another process left. Default 1000. */
  pollMs: milliseconds.default(1000),
});

/** Bounds on what a bot takes; all have a default. */
export type BotLimits = z.input<typeof botLimitsSchema>;

type ParsedLimits = z.output<typeof botLimitsSchema>;

/** Limits as the bot uses them. @internal */
export interface CheckedLimits extends ParsedLimits {
  maxRunningPerPerson: number;
  modelMsPerHour: { person: number | null; tenant: number | null };
}

/** Throws `option.invalid`. @internal */
export function parseBotLimits(limits: BotLimits): CheckedLimits {
  const parsed = botLimitsSchema.safeParse(limits);
  if (parsed.success) return withDerived(parsed.data);
  const [issue] = parsed.error.issues;
  throw new VistazoError(
    'option.invalid',
    `The limits of the bot are not valid: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`,
  );
}

function withDerived(limits: ParsedLimits): CheckedLimits {
  const { maxConcurrentAnswers, maxConcurrentPerPerson } = limits;
  const inMs = (seconds: number | null) => (seconds === null ? null : seconds * 1000);
  return {
    ...limits,
    maxRunningPerPerson:
      maxConcurrentPerPerson ?? Math.max(1, Math.floor(maxConcurrentAnswers / 2)),
    modelMsPerHour: {
      person: inMs(limits.modelSecondsPerPerson),
      tenant: inMs(limits.modelSecondsPerTenant),
    },
  };
}
