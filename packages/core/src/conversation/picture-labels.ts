import type { TextPart } from './chat-message.js';
import {
  type Message,
  type MessagePart,
  type PicturePart,
  type PictureSource,
  picturesOf,
} from './message.js';
import { numberPictures } from './picture-numbers.js';
import { describePlace, placeText } from './place-in-file.js';

/** What a model is told where pictures have numbers, and answers shall use them. */
export const pictureRule =
  'There is more than one picture: say which one you speak of by its number, such as image 2, or by its page or time.';

/** How a picture came, in words for models and people. @internal */
export const sourceWords: Record<PictureSource, string> = {
  reply: 'replied to',
  forward: 'forwarded',
  embed: 'preview of a link',
  sticker: 'sticker',
  history: 'posted before',
  thread: 'beginning of the thread',
};

/** A message whose pictures have their labels before them. @internal */
export interface LabelledMessage {
  parts: MessagePart[];
  /** Whether its pictures are called by numbers. */
  hasNumbers: boolean;
}

/**
 * The messages of a conversation, oldest first, as a model is shown them: before each picture stands
 * which one it is, such as `Image 3, from Alice, forwarded, page 2 of 5:`. The only picture so far has no
 * number, and of whom it is is not said. What is said in a message depends on it and on those before it
 * alone, so that a prompt goes on as it began when further pictures come. @internal
 */
export function labelled(messages: readonly Pick<Message, 'parts'>[]): LabelledMessage[] {
  const numbers = numberPictures(messages);
  const known = new Set<number>();
  const authors = new Set<string>();
  return messages.map((message, index) => {
    const own = numbers[index] ?? [];
    for (const { provenance } of picturesOf(message)) authors.add(provenance.author);
    const hasNumbers = own.length > 0 && new Set([...known, ...own]).size > 1;
    const left = own.values();
    const parts = message.parts.flatMap((part): MessagePart[] => {
      if (part.type === 'text') return [part];
      const number = left.next().value ?? 0;
      const isKnown = known.has(number);
      known.add(number);
      if (!hasNumbers) return [...placeText(part.provenance.place), part];
      return [labelOf(part, { number, isKnown, hasOneAuthor: authors.size < 2 }), part];
    });
    return { parts, hasNumbers };
  });
}

function labelOf(
  { provenance }: PicturePart,
  { number, isKnown, hasOneAuthor }: { number: number; isKnown: boolean; hasOneAuthor: boolean },
): TextPart {
  const { author, authorId, source, place } = provenance;
  // Whose words a message has is not said either where only one person speaks.
  const isNamed = authorId !== undefined || !hasOneAuthor;
  const words = [
    `Image ${number}${isKnown ? ' again' : ''}`,
    ...(isNamed ? [`from ${plainName(author)}`] : []),
    ...(source === undefined ? [] : [sourceWords[source]]),
    ...(place === undefined ? [] : [describePlace(place)]),
  ];
  return { type: 'text', text: `${words.join(', ')}:` };
}

const maxNameLength = 40;

/**
 * The name of a person in a line of ours: at most 40 letters, digits, marks, hyphens and apostrophes, so
 * that it can neither end the line, a fence or a label, nor be a mention, a link, Markdown or a special
 * token. @internal
 */
export function plainName(name: string): string {
  const words = name.replace(/[^\p{L}\p{M}\p{N}'’-]+/gu, ' ').trim();
  return Array.from(words).slice(0, maxNameLength).join('').trim() || 'somebody';
}
