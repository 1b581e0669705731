import type { PluginMessage } from '@vistazo/core';
import { z } from 'zod';
import { stableKey } from '../stable-key.js';

const exerciseSchema = z.object({
  /** How many hints were given. */
  hints: z.int().min(0),
  /** Whether the solution was told. */
  isSolved: z.boolean(),
  /** How many pictures of the conversation belong to exercises before. */
  picturesBefore: z.int().min(0),
  /** The message that changed it last: one that is seen again, after a death of the process, counts once. */
  changedBy: z.string().optional(),
});
/** How far a pupil is with an exercise. */
export type Exercise = z.infer<typeof exerciseSchema>;

const begun: Exercise = { hints: 0, isSolved: false, picturesBefore: 0 };

function keyOf({ adapter, conversationKey, author }: PluginMessage): string {
  return stableKey(adapter, conversationKey, author.id);
}

/** The exercise of the pupil who wrote a message, in its conversation. */
export async function exerciseOf(message: PluginMessage): Promise<Exercise> {
  const kept = await message.storage.get(keyOf(message));
  return kept === undefined ? begun : exerciseSchema.parse(kept);
}

/** Keeps what a message makes of the exercise; once for each message. */
export async function changeExercise(
  message: PluginMessage,
  change: (exercise: Exercise) => Exercise,
): Promise<void> {
  const exercise = await exerciseOf(message);
  const { messageId: changedBy } = message;
  if (exercise.changedBy === changedBy) return;
  await message.storage.set(keyOf(message), { ...change(exercise), changedBy });
}

/** An exercise of which nothing was said yet. */
export function newExercise({ conversationPictures }: PluginMessage): Exercise {
  const picturesBefore = conversationPictures.filter(({ isOfMessage }) => !isOfMessage).length;
  return { ...begun, picturesBefore };
}
