import type { AdapterHost } from '@vistazo/core';
import { z } from 'zod';

/** A question that was handed over before Slack told all of its thread. */
const unfinishedSchema = z.object({
  channel: z.string(),
  ts: z.string(),
  thread_ts: z.string(),
  botUserId: z.string(),
  /** Messages of the thread that it was handed over with. */
  earlierCount: z.number(),
});
/** See {@link unfinishedSchema}. */
export type UnfinishedQuestion = z.infer<typeof unfinishedSchema> & { team: string };

const prefix = 'unfinished ';

/**
 * Questions that are still to be completed with what was said before them, kept in the bot's store until they are, so
 * that a death loses no picture of a thread. What people wrote is not kept here.
 */
export class UnfinishedQuestions {
  constructor(private readonly storage: AdapterHost['storage']) {}

  /** Throws `store.failed`. */
  async begin({ team, ...question }: UnfinishedQuestion): Promise<void> {
    await this.storage(team).set(keyOf(question), question);
  }

  /** Throws `store.failed`. */
  async end({ team, channel, ts }: Pick<UnfinishedQuestion, 'team' | 'channel' | 'ts'>) {
    await this.storage(team).delete(keyOf({ channel, ts }));
  }

  /** Those that an earlier process left. Throws `store.failed`. */
  async left(team: string): Promise<UnfinishedQuestion[]> {
    const storage = this.storage(team);
    const keys = await storage.keys(prefix);
    const values = await Promise.all(keys.map((key) => storage.get(key)));
    return values.flatMap((value) => {
      const { data } = unfinishedSchema.safeParse(value);
      return data === undefined ? [] : [{ ...data, team }];
    });
  }
}

function keyOf({ channel, ts }: Pick<UnfinishedQuestion, 'channel' | 'ts'>): string {
  return `${prefix}${channel} ${ts}`;
}
