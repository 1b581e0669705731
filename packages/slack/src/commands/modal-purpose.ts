import { z } from 'zod';

const purposeSchema = z.discriminatedUnion('kind', [
  /** A slash command, in a channel. */
  z.object({
    kind: z.literal('command'),
    /** What core will know the call by, so that a modal that is sent twice is one call. */
    messageId: z.string(),
    channel: z.string(),
    name: z.string(),
  }),
  /** A command on a message, which is answered in its thread. */
  z.object({
    kind: z.literal('message'),
    messageId: z.string(),
    channel: z.string(),
    ts: z.string(),
    threadTs: z.string().optional(),
    name: z.string(),
  }),
  /** A button of a plugin. */
  z.object({
    kind: z.literal('action'),
    messageId: z.string(),
    conversationKey: z.string(),
    /** See `actionDialogIdOf`. */
    dialogId: z.string(),
  }),
]);

/** What a modal was opened for. */
export type ModalPurpose = z.output<typeof purposeSchema>;

/** Most characters that the `dialogId` of an action may have: Slack takes 3,000 of `private_metadata`. */
export const maxDialogIdLength = 2000;

/** As a modal's `private_metadata`. */
export function writePurpose(purpose: ModalPurpose): string {
  return JSON.stringify(purpose);
}

/** Undefined for what is none of ours. */
export function readPurpose(metadata: string): ModalPurpose | undefined {
  try {
    return purposeSchema.safeParse(JSON.parse(metadata)).data;
  } catch {
    return undefined;
  }
}
