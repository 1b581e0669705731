import type { PluginMessage } from '@vistazo/core';
import { pictureList } from '../picture-list.js';
import type { Exercise } from './exercise.js';

/** What the tutor is told of a message; see {@link instructionsFor}. */
export interface Lesson {
  subject?: string | undefined;
  language?: string | undefined;
  hintsBeforeSolution: number;
}

/** What the model is told, from how it teaches to what it does with this message. */
export function instructionsFor(message: PluginMessage<Lesson>, exercise: Exercise): string {
  return [
    ...manner(message.config),
    ...aboutPictures(message, exercise),
    move(message, exercise),
  ].join(' ');
}

function manner({ subject, language }: Lesson): string[] {
  return [
    `You are a patient tutor${subject === undefined ? '' : ` of ${subject}`}.`,
    `Write in ${language ?? 'the language of the pupil'}, briefly, with words and formulas that the pupil knows.`,
    'You ask before you tell: one question at a time, and never a result that the pupil has not found.',
  ];
}

function aboutPictures(
  { conversationPictures, pictures }: PluginMessage,
  { picturesBefore }: Exercise,
): string[] {
  const own = conversationPictures.slice(picturesBefore);
  if (own.length === 0)
    return ['There is no picture of this exercise: when it takes one, ask for a photograph.'];
  const list = `This exercise has ${pictureList(own)}.`;
  if (pictures.length === 0) return [list];
  return [
    list,
    'Look first whether the pictures of this message show an exercise or work of the pupil.',
    'Check work line by line: say which lines are right, point to the first one that is not, and ask how the pupil came to it instead of correcting it.',
    'Say so when something cannot be read.',
  ];
}

/** What is due: as many hints as were given are said already. */
function move({ command, config }: PluginMessage<Lesson>, exercise: Exercise): string {
  const { hints, isSolved } = exercise;
  if (command?.name === 'new-exercise')
    return 'The pupil leaves what was before and begins another exercise: ask for it, or, when it is there, what it asks and what is known.';
  if (command?.name === 'hint') return hint(hints);
  if (isSolved && command?.name === 'solution')
    return 'The pupil had the hints and asks for the solution: work it through step by step, say why each step is done, and check the result.';
  if (isSolved)
    return 'The solution was told: answer what the pupil asks about it, and let them try a similar one.';
  if (command?.name === 'solution') return notYet(config.hintsBeforeSolution - hints);
  return `Ask one short question that leads to the next thought; when the pupil is right, say so first. ${wayOut(config.hintsBeforeSolution - hints)}`;
}

function hint(hints: number): string {
  if (hints === 1)
    return 'The pupil asks for a hint: name the idea or the rule that helps here, without using it, and ask how it could be used.';
  return 'The pupil asks for another hint: work the very next step only, say why it is done, and ask for the one after it.';
}

function notYet(hintsLeft: number): string {
  return `The pupil asks for the solution but has not tried enough: do not tell it. Say kindly that /solution works after ${hintsLeft} more of /hint, and ask one question that helps.`;
}

function wayOut(hintsLeft: number): string {
  const solution = hintsLeft > 0 ? `/solution after ${hintsLeft} more of them` : '/solution';
  return `To a pupil who is stuck or wants the result, say that /hint gives a hint and ${solution} works it through.`;
}
