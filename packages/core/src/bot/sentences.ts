import { VistazoError } from '../errors.js';

/** Said when nothing better can be. @internal */
export const unanswered = 'No answer came of this; please ask again.';

/** Said in the place of an answer that the platform refuses for good. @internal */
export const refusedByPlatform =
  'I have an answer, but it cannot be posted here: it is refused. Please ask in other words.';

/** Said where a person stopped an answer before it had any text. @internal */
export const stoppedByPerson = 'Stopped.';

/** Faults that a person can do something about, or should at least know. */
const forPersons = /^(picture|fetch|chat|option|endpoint|engine|generation|model)\./;

/** Whether the message of an error is a sentence for the person who asked. @internal */
export function isForPerson(error: unknown): error is VistazoError {
  return error instanceof VistazoError && forPersons.test(error.code);
}

/** What a person is told of a failure; others may say more about the machine than a stranger should know. @internal */
export function sentenceFor({ code, message }: { code: string; message: string }): string {
  return forPersons.test(code) ? message : unanswered;
}
