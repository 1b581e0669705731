import { type CommandContext, definePlugin } from '@vistazo/core';
import { z } from 'zod';
import { conversationsSchema, isIn } from '../conversations.js';
import { changeExercise, type Exercise, exerciseOf, newExercise } from './exercise.js';
import { instructionsFor } from './instructions.js';

const configSchema = z.object({
  conversations: conversationsSchema,
  /** How many hints come before the solution. Default 3. */
  hintsBeforeSolution: z.int().min(0).max(10).default(3),
  /** What is taught and to whom, such as `algebra for beginners`. Default: as the exercise shows. */
  subject: z.string().min(1).optional(),
  /** Of the lesson, such as `Spanish`. Default: the language of the pupil. */
  language: z.string().min(1).optional(),
});
type Config = z.output<typeof configSchema>;

/**
 * A tutor for photographed exercises, which asks before it tells: first a question, then hints that say
 * a little more each time, and the solution only to those who had the hints and ask for it. For each
 * pupil of a conversation it keeps how far they are. The model is told all this; how well it keeps to
 * it depends on the model.
 */
export const tutor = definePlugin({
  name: 'tutor',
  version: '1.0.0',
  config: configSchema,
  setup({ prompt, command }) {
    prompt(async (message) =>
      isIn(message.config.conversations, message)
        ? instructionsFor(message, await exerciseOf(message))
        : undefined,
    );

    const step = (
      name: string,
      description: string,
      change: (exercise: Exercise, message: CommandContext<unknown, Config>) => Exercise,
    ) =>
      command({
        name,
        description,
        pictures: 'optional',
        async run(message) {
          if (!isIn(message.config.conversations, message))
            return message.reply('There are no lessons here.');
          await changeExercise(message, (exercise) => change(exercise, message));
          message.ask();
        },
      });

    step('hint', 'Gives the next hint for the exercise', (exercise) => ({
      ...exercise,
      hints: exercise.hints + 1,
    }));
    step('solution', 'Works the exercise through, once you had the hints', (exercise, message) => ({
      ...exercise,
      isSolved: exercise.isSolved || exercise.hints >= message.config.hintsBeforeSolution,
    }));
    step('new-exercise', 'Leaves the exercise and begins another one', (_, message) =>
      newExercise(message),
    );
  },
});
