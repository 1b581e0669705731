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

/** A message with what stands before its pictures. @internal */
export interface LabelledMessage<M> {
  message: M;
  parts: MessagePart[];
  /** The same where no other picture is in play: only which part of a file it is stands before it. */
  partsAlone: MessagePart[];
  /** Of its pictures. */
  numbers: readonly number[];
  /** Whether `parts` calls them by their numbers. */
  hasNumbers: boolean;
}

/**
 * The messages of a conversation, oldest first, as a model is shown them: before each picture stands
 * which one it is, such as `Image 3, from Alice, forwarded, page 2 of 5:`. The only picture so far has no
 * number, and of whom it is is not said. What is said in a message depends on it and on those before it
 * alone, so that a prompt goes on as it began when further pictures come. @internal
 */
export function labelled<M extends Pick<Message, 'parts'>>(
  messages: readonly M[],
): LabelledMessage<M>[] {
  const numbersOf = numberPictures(messages);
  const known = new Set<number>();
  const authors = new Set<string>();
  return messages.map((message, index) => {
    const numbers = numbersOf[index] ?? [];
    for (const number of numbers) known.add(number);
    for (const { provenance } of picturesOf(message)) authors.add(provenance.author);
    const hasNumbers = numbers.length > 0 && known.size > 1;
    const alone = ({ provenance }: PicturePart) => placeText(provenance.place);
    const left = numbers.values();
    const label = (picture: PicturePart) => [
      labelOf(picture, left.next().value ?? 0, authors.size > 1),
    ];
    return {
      message,
      parts: withTexts(message, hasNumbers ? label : alone),
      partsAlone: withTexts(message, alone),
      numbers,
      hasNumbers,
    };
  });
}

function withTexts(
  { parts }: Pick<Message, 'parts'>,
  before: (picture: PicturePart) => TextPart[],
): MessagePart[] {
  return parts.flatMap((part) => (part.type === 'image' ? [...before(part), part] : [part]));
}

function labelOf({ provenance }: PicturePart, number: number, areOfSeveral: boolean): TextPart {
  const { author, authorId, source, place } = provenance;
  const isNamed = authorId !== undefined || areOfSeveral;
  const words = [
    `Image ${number}`,
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
