import type { Attachment } from '../adapter/platform-event.js';
import { readPrivateConversation } from '../adapter/private-conversation.js';
import { Conversation, type Place } from '../conversation/conversation.js';
import {
  type KeptTextPart,
  type MessageId,
  type Person,
  picturesOf,
} from '../conversation/message.js';
import { VistazoError } from '../errors.js';
import type { StoredMessage } from '../store/conversation-store.js';
import type { HeldJob, Job } from '../store/job-store.js';
import type { Store } from '../store/store.js';
import { findConversation } from './load-conversation.js';
import { checkText, type MessageLimits } from './new-pictures.js';
import { emptyAnswer, newConversation, newQuestion } from './new-records.js';
import type { Prefetcher } from './prefetcher.js';
import { quotedTexts, unreadTexts } from './quoted-texts.js';
import { type TakenPictures, type TakePicturesOptions, takePictures } from './take-pictures.js';
import { titleFrom } from './title.js';
import { conversationIdOf, messageKeyOf, turnIds } from './turn-ids.js';

/** A question and its empty answer, as they are in the store. @internal */
export interface TakenQuestion {
  conversation: Conversation<StoredMessage>;
  answerId: MessageId;
  systemMessage: string | null;
  /** Absent where the answer is another one to a question that is there already. */
  questionId?: MessageId;
  /** A sentence for each file that could not be used, or of which only a part is looked at. */
  notes: readonly string[];
}

/** What {@link takeQuestion} needs. @internal */
export interface TakeQuestionOptions extends Omit<TakePicturesOptions, 'fetched'> {
  store: Store;
  prefetcher: Prefetcher;
  limits: MessageLimits;
  /** Of a conversation that begins now. */
  systemMessage: string | null;
}

/**
 * Takes a message into its conversation, with those of its pictures that can be used and an empty
 * answer; once, however often it is tried. Gives only notes when there is nothing to ask: it is about
 * files none of which can be used. Throws `chat.empty` and `chat.tooLong`. @internal
 */
export async function takeQuestion(
  job: Job,
  options: TakeQuestionOptions,
): Promise<TakenQuestion | { notes: readonly string[] }> {
  const turn = await openTurn(job, options);
  const { conversation, conversationId, answerId, questionId, person, taken, hold } = turn;
  const { text, versionOf } = job.event;
  if (conversation.has(answerId)) {
    const again = { status: 'running', text: '' } as const;
    await hold(({ conversations }) => conversations.changeAnswer(conversationId, answerId, again));
    return { ...taken, notes: job.notes };
  }
  if (versionOf !== undefined) {
    const messages = addVersion(conversation, { versionOf, questionId, answerId, person, text });
    const added = { pictures: [], messages, shownLeaf: answerId };
    await hold(({ conversations }) => conversations.add(conversationId, added));
    return { ...taken, notes: [] };
  }

  const fetched = async (url: string) =>
    (await options.prefetcher.take(job.adapter, job.event, url)) ??
    options.store.jobs.file(job, url);
  const { pictures, notes, unread } = await takePictures(job.event, { ...options, fetched });
  const brought = quotedTexts(job.event);
  const saysNothing = text.trim() === '' && brought.length === 0 && notes.length > 0;
  if (pictures.length === 0 && (saysNothing || unread.some(isAskedAbout))) return { notes };
  const quoted = [...brought, ...unreadTexts(unread)];
  checkText(text, pictures.length + quoted.length, options.limits);
  await keep(job, turn, { pictures, quoted, notes });
  return { ...taken, notes };
}

/**
 * Keeps the words of a message of which nothing can be asked, with an empty answer to say why in; once, however often
 * it is tried. Undefined where it is another version of a message. @internal
 */
export async function keepUnasked(
  job: Job,
  options: OpenOptions,
): Promise<TakenQuestion | undefined> {
  const turn = await openTurn(job, options);
  if (job.event.versionOf !== undefined) return undefined;
  if (!turn.conversation.has(turn.answerId))
    await keep(job, turn, { pictures: [], quoted: [], notes: [] });
  return { ...turn.taken, notes: [] };
}

type OpenOptions = Pick<TakeQuestionOptions, 'store' | 'systemMessage' | 'signal'>;

/** What is known of a message and its conversation before it is taken. */
async function openTurn(job: Job, options: OpenOptions) {
  const { store, signal } = options;
  const key = messageKeyOf(job);
  const conversationId = conversationIdOf(key);
  const stored = await findConversation(store.forTenant(key.tenant), conversationId);
  const conversation = stored?.conversation ?? new Conversation<StoredMessage>();
  const systemMessage = stored?.record.systemMessage ?? options.systemMessage;
  const { questionId, answerId } = turnIds(key, job.revision);
  const hold = <Result>(work: (held: HeldJob) => Promise<Result>) => {
    signal.throwIfAborted();
    return store.jobs.holding(job, work);
  };
  const { versionOf, author } = job.event;
  const isAnswerAgain =
    versionOf !== undefined &&
    conversation.has(versionOf) &&
    conversation.get(versionOf).role === 'assistant';
  const taken = { conversation, answerId, systemMessage, ...(!isAnswerAgain && { questionId }) };
  const person = { adapter: job.adapter, id: author.id };
  return { key, stored, conversation, conversationId, questionId, answerId, person, taken, hold };
}

type OpenTurn = Awaited<ReturnType<typeof openTurn>>;

/** Stores a question and its empty answer, in a conversation that may begin with them. */
async function keep(
  { event, revision }: Job,
  { key, stored, conversation, conversationId, person, taken, hold, ...ids }: OpenTurn,
  {
    pictures,
    quoted,
    notes,
  }: Pick<TakenPictures, 'pictures' | 'notes'> & { quoted: KeptTextPart[] },
): Promise<void> {
  const parts = pictures.map(({ part }) => part);
  const before = turnIds(key, revision - 1);
  const { messages, shownLeaf } = append(conversation, before, [
    (place) => newQuestion({ ...place, id: ids.questionId, person }, parts, event.text, quoted),
    (place) => emptyAnswer({ ...place, id: ids.answerId, person }),
  ]);
  await hold(async ({ conversations, setNotes }) => {
    if (stored === undefined)
      await conversations.createConversation(
        newConversation(conversationId, taken.systemMessage, {
          isPrivate: readPrivateConversation(key.conversationKey) !== undefined,
        }),
      );
    await conversations.add(conversationId, {
      pictures: pictures.map(({ record }) => record),
      messages,
      shownLeaf,
      ...(!stored?.record.title && { title: titleFrom(event.text) }),
    });
    await setNotes(notes);
  });
}

/**
 * Whether a question is likely about a file. A model that is asked without it would make something up; what
 * merely stands around, such as the preview of a link, is only told to be missing.
 */
function isAskedAbout({ source }: Attachment): boolean {
  return source === undefined || source === 'reply' || source === 'forward';
}

/** Another version of a question with its pictures, and an answer to it; or another answer. */
function addVersion(
  conversation: Conversation<StoredMessage>,
  { versionOf, questionId, answerId, person, text }: NewVersion,
): StoredMessage[] {
  if (!conversation.has(versionOf)) {
    throw new VistazoError('chat.empty', 'The message that was to be changed was deleted.');
  }
  const old = conversation.get(versionOf);
  const answer: Make = (place) => emptyAnswer({ ...place, id: answerId, person });
  if (old.role === 'assistant') return [conversation.regenerate(versionOf, answer)];
  const question: Make = (place) =>
    newQuestion({ ...place, id: questionId, person }, picturesOf(old), text);
  return [conversation.edit(versionOf, question), conversation.append(answer)];
}

interface NewVersion extends ReturnType<typeof turnIds> {
  versionOf: MessageId;
  person: Person;
  text: string;
}

type Make = (place: Place) => StoredMessage;

/**
 * Adds a question and its answer at the end, or as another version of the question it was before. What
 * was said after an older question goes on from what that one was.
 */
function append(
  conversation: Conversation<StoredMessage>,
  before: ReturnType<typeof turnIds>,
  [question, answer]: [Make, Make],
): { messages: StoredMessage[]; shownLeaf: MessageId } {
  const leaf = conversation.shownLeaf;
  const isEdit = conversation.has(before.questionId);
  const first = isEdit
    ? conversation.edit(before.questionId, question)
    : conversation.append(question);
  const second = conversation.append(answer);
  const goesOn = isEdit && leaf !== null && leaf !== before.answerId;
  return { messages: [first, second], shownLeaf: goesOn ? leaf : second.id };
}
