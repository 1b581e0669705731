import { type LeftOut, leftOutIds } from '../conversation/context-plan.js';
import { type Person, type PicturePart, picturesOf } from '../conversation/message.js';
import { plainName, sourceWords } from '../conversation/picture-labels.js';
import { numberPictures } from '../conversation/picture-numbers.js';
import type { StoredMessage } from '../store/conversation-store.js';

/** What {@link pictureLine} needs. @internal */
export interface AnsweredAbout {
  /** What the model was asked, oldest first; the last one is the question. */
  messages: readonly StoredMessage[];
  leftOut: readonly LeftOut[];
  /** Who is answered. */
  asker: Person;
}

/** Most origins that are named; older ones are not. */
const maxOrigins = 6;

/**
 * Which pictures an answer is about, as people are told at its end: `Pictures: 1 from you; 2 from Alice,
 * replied to`. Nothing where the question brings none, or where all that the model saw came with it in
 * the same way. @internal
 */
export function pictureLine({ messages, leftOut, asker }: AnsweredAbout): string[] {
  const numbers = numberPictures(messages);
  const unseen = leftOutIds(leftOut, messages);
  const question = messages.at(-1);
  if (question === undefined || picturesOf(question).length === 0) return [];
  const origins = new Map<number, string>();
  for (const [index, message] of messages.entries()) {
    if (unseen.has(message.id)) continue;
    for (const [position, picture] of picturesOf(message).entries())
      origins.set(
        numbers[index]?.[position] ?? 0,
        originOf(picture, { message, isEarlier: message !== question, asker }),
      );
  }
  const named = [...Map.groupBy(origins, ([, origin]) => origin)].map(([origin, pictures]) => ({
    origin,
    numbers: pictures.map(([number]) => number).toSorted((a, b) => a - b),
  }));
  if (named.length < 2) return [];
  const sorted = named.toSorted((a, b) => (a.numbers[0] ?? 0) - (b.numbers[0] ?? 0));
  const older = sorted.length > maxOrigins ? ['older ones'] : [];
  const lines = sorted
    .slice(-maxOrigins)
    .map(({ origin, numbers: of }) => `${runsOf(of)} ${origin}`);
  return [`Pictures: ${[...older, ...lines].join('; ')}`];
}

function originOf(
  { provenance }: PicturePart,
  { message, isEarlier, asker }: { message: StoredMessage; isEarlier: boolean; asker: Person },
): string {
  const { author, authorId = message.person?.id, source } = provenance;
  const isAsker = authorId === asker.id && message.person?.adapter === asker.adapter;
  const how = source === undefined ? [] : [sourceWords[source]];
  return [`from ${isAsker ? 'you' : plainName(author)}`, ...(isEarlier ? ['earlier'] : how)].join(
    ', ',
  );
}

/** Such as `1 to 3, 5`. */
function runsOf(numbers: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && number === run.last + 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs
    .map(({ first, last }) => {
      if (first === last) return `${first}`;
      return last === first + 1 ? `${first}, ${last}` : `${first} to ${last}`;
    })
    .join(', ');
}
