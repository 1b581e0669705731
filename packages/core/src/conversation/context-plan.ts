import { VistazoError } from '../errors.js';
import type { ChatMessage } from './chat-message.js';
import { systemChatMessage, toChatMessage } from './conversation.js';
import { type Message, type MessageId, picturesOf, textOf } from './message.js';
import { type LabelledMessage, labelled } from './picture-labels.js';

/** Something of the conversation that the model does not get to see, because it did not fit. */
export interface LeftOut {
  /**
   * `message`: all of it; `pictures`: its text stays, its pictures do not; `earlier`: this message and all
   * before it.
   */
  what: 'message' | 'pictures' | 'earlier';
  messageId: MessageId;
  /** How many pictures are left out with it. */
  pictures: number;
  /** What it would have cost; absent where it was too far back to be counted. */
  tokens?: number;
  /** The same as an English sentence, for people. */
  sentence: string;
}

/** What of a conversation goes to the model. */
export interface ContextPlan {
  messages: ChatMessage[];
  /** Oldest first; empty when everything fits. */
  leftOut: LeftOut[];
  /** Tokens of {@link ContextPlan.messages}, chat template included. */
  promptTokens: number;
}

/** What messages cost; the answer of a model's `countTokens`. */
export interface MessageCosts {
  /** Of the whole prompt, chat template included. */
  totalTokens: number;
  /** Of each message, in the order given. */
  messageTokens: readonly number[];
  /** Of the pictures of each message, of {@link messageTokens}. */
  messageImageTokens: readonly number[];
}

/** What {@link planContext} needs. */
export interface ContextRequest {
  systemMessage: string | null;
  /** Oldest first; the last one is the question. */
  messages: readonly Message[];
  /** Most tokens of the prompt: the context length less what the answer may take. */
  maxPromptTokens: number;
  /** Said once, before the first picture that has a number. Default nothing. */
  pictureRule?: string | null;
  countTokens: (messages: readonly ChatMessage[]) => Promise<MessageCosts>;
}

/** More messages than these are named together. */
const maxNamed = 50;
/** So many are counted first, then twice as many more, and so on until the budget is full. */
const firstCounted = 64;
/** Beyond the budget, since messages counted in several goes seem to cost a little more. */
const spareShare = 0.1;
const spareTokens = 100;

interface Candidate {
  message: Message;
  labels: LabelledMessage<Message>;
  /** Undefined until it is counted. */
  tokens: number | undefined;
  imageTokens: number;
  keep: 'all' | 'text' | 'nothing';
}

/** Messages of which all, or the pictures, are left out. `messages` are those of the conversation in order. */
export function leftOutIds(
  leftOut: readonly LeftOut[],
  messages: readonly Pick<Message, 'id'>[],
): Set<MessageId> {
  const earlier = leftOut.find(({ what }) => what === 'earlier');
  const count = messages.findIndex(({ id }) => id === earlier?.messageId) + 1;
  const ids = [...messages.slice(0, count), ...leftOut.map(({ messageId: id }) => ({ id }))];
  return new Set(ids.map(({ id }) => id));
}

/**
 * Chooses what of a conversation fits into the context. The system message and the question with
 * its pictures always stay. Left out are, in this order and only as far as needed: the pictures of
 * older messages, oldest first, except the newest message with pictures, which later questions are
 * about; then whole turns (a question and its answer), oldest first. Messages are counted from the newest
 * back until the budget is full, so that a long conversation costs no more than a short one.
 * Throws `chat.tooLong` when even the system message and the question do not fit.
 */
export async function planContext(request: ContextRequest): Promise<ContextPlan> {
  const system = systemChatMessage(request.systemMessage);
  const candidates = labelled(request.messages).map(
    (labels): Candidate => ({
      message: labels.message,
      labels,
      tokens: undefined,
      imageTokens: 0,
      keep: 'all',
    }),
  );
  const counted = await countBack(candidates, system, request);
  for (const tooOld of candidates.slice(0, -counted.length)) tooOld.keep = 'nothing';
  const shown = () => [...system, ...toShown(counted, request.pictureRule ?? null)];
  const steps = stepsOf(counted);
  let promptTokens = (await request.countTokens(shown())).totalTokens;
  while (promptTokens > request.maxPromptTokens) {
    const left = leaveOut(steps, promptTokens - request.maxPromptTokens);
    if (left === 0) throw tooLong(promptTokens, request.maxPromptTokens);
    // A template may make the sum smaller or larger than its parts, so it is counted again.
    promptTokens = (await request.countTokens(shown())).totalTokens;
  }
  return {
    messages: shown(),
    leftOut: toLeftOut(candidates),
    promptTokens,
  };
}

/**
 * Counts messages from the newest back, turn by turn, until their texts alone fill the budget or nearly all
 * are counted. Gives those that were counted.
 */
async function countBack(
  candidates: readonly Candidate[],
  system: readonly ChatMessage[],
  { maxPromptTokens, countTokens }: ContextRequest,
): Promise<Candidate[]> {
  const areSeveral = areSeveralPictures(candidates);
  const enoughTokens = maxPromptTokens * (1 + spareShare) + spareTokens;
  const turns = turnsOf(candidates);
  const counted: Candidate[] = [];
  let textTokens = 0;
  for (let size = firstCounted; turns.length > 0; size *= 2) {
    const left = candidates.length - counted.length;
    if (textTokens > enoughTokens && left > maxNamed) break;
    const chunk: Candidate[] = [];
    while (chunk.length < size && turns.length > 0) chunk.unshift(...(turns.pop() ?? []));
    const shown = chunk.map(({ message: { role }, labels }) =>
      toChatMessage({ role, parts: areSeveral ? labels.parts : labels.partsAlone }),
    );
    setCosts(chunk, await countTokens([...system, ...shown]), system.length);
    textTokens += chunk.reduce((sum, each) => sum + (each.tokens ?? 0) - each.imageTokens, 0);
    counted.unshift(...chunk);
  }
  return counted;
}

function setCosts(candidates: readonly Candidate[], costs: MessageCosts, offset: number): void {
  for (const [index, candidate] of candidates.entries()) {
    candidate.tokens = costs.messageTokens[index + offset] ?? 0;
    candidate.imageTokens = costs.messageImageTokens[index + offset] ?? 0;
  }
}

/** A thing to leave out: does it and returns how many tokens that saves. */
type Step = () => number;

function leaveOut(steps: Step[], tooManyTokens: number): number {
  let taken = 0;
  let savedTokens = 0;
  while (savedTokens < tooManyTokens) {
    const step = steps.shift();
    if (step === undefined) break;
    savedTokens += step();
    taken += 1;
  }
  return taken;
}

function stepsOf(candidates: Candidate[]): Step[] {
  const turns = turnsOf(candidates).slice(0, -1);
  const older = turns.flat();
  const hasPictures = ({ message }: Candidate) => picturesOf(message).length > 0;
  const newest = candidates.findLast(hasPictures);
  const pictureSteps = older
    .filter((each) => hasPictures(each) && each !== newest)
    .filter((each) => textOf(each.message).trim() !== '')
    .map((each) => () => setKeep(each, 'text'));
  const turnSteps = turns.map(
    (turn) => () => turn.reduce((saved, each) => saved + setKeep(each, 'nothing'), 0),
  );
  return [...pictureSteps, ...turnSteps];
}

/** A turn is a user's message and what follows it up to the next one. */
function turnsOf(candidates: readonly Candidate[]): Candidate[][] {
  const turns: Candidate[][] = [];
  for (const candidate of candidates) {
    const current = turns.at(-1);
    if (current === undefined || candidate.message.role === 'user') turns.push([candidate]);
    else current.push(candidate);
  }
  return turns;
}

function setKeep(candidate: Candidate, keep: 'text' | 'nothing'): number {
  const before = costOf(candidate);
  candidate.keep = keep;
  return before - costOf(candidate);
}

function costOf({ keep, tokens, imageTokens }: Candidate): number {
  if (keep === 'nothing' || tokens === undefined) return 0;
  return keep === 'all' ? tokens : tokens - imageTokens;
}

function toShown(candidates: readonly Candidate[], rule: string | null): ChatMessage[] {
  const withPictures = candidates.filter(({ keep }) => keep === 'all');
  const areSeveral = areSeveralPictures(withPictures);
  const ruled = withPictures.find(({ labels }) => areSeveral && labels.hasNumbers);
  return candidates.flatMap((candidate) => {
    const { message, labels, keep } = candidate;
    const { role } = message;
    if (keep === 'nothing') return [];
    if (keep === 'text')
      return [toChatMessage({ role, parts: message.parts.filter(({ type }) => type === 'text') })];
    const said =
      candidate === ruled && rule !== null ? [{ type: 'text' as const, text: rule }] : [];
    const parts = areSeveral ? labels.parts : labels.partsAlone;
    return [toChatMessage({ role, parts: [...said, ...parts] })];
  });
}

function areSeveralPictures(candidates: readonly Candidate[]): boolean {
  return new Set(candidates.flatMap(({ labels }) => labels.numbers)).size > 1;
}

function toLeftOut(candidates: readonly Candidate[]): LeftOut[] {
  const firstKept = candidates.findIndex(({ keep }) => keep !== 'nothing');
  if (firstKept <= maxNamed) return candidates.flatMap(oneLeftOut);
  return [
    ...allLeftOut(candidates.slice(0, firstKept)),
    ...candidates.slice(firstKept).flatMap(oneLeftOut),
  ];
}

function oneLeftOut(candidate: Candidate): LeftOut[] {
  const { message, keep } = candidate;
  if (keep === 'all') return [];
  const what = keep === 'text' ? 'pictures' : 'message';
  const pictures = picturesOf(message).length;
  const tokens = (candidate.tokens ?? 0) - costOf(candidate);
  const sentence = sentenceOf(what, message, pictures, tokens);
  return [{ what, messageId: message.id, pictures, tokens, sentence }];
}

/** One entry for many messages, of which each answer would else keep a list as long as the conversation. */
function allLeftOut(candidates: readonly Candidate[]): LeftOut[] {
  const last = candidates.at(-1);
  if (last === undefined) return [];
  const pictures = candidates.flatMap(({ message }) => picturesOf(message)).length;
  const tokens = candidates.reduce<number | undefined>(
    (sum, each) => (sum === undefined || each.tokens === undefined ? undefined : sum + each.tokens),
    0,
  );
  const added = pictures === 0 ? '' : ` with ${pictureCount(pictures)}`;
  return [
    {
      what: 'earlier',
      messageId: last.message.id,
      pictures,
      ...(tokens !== undefined && { tokens }),
      sentence: `${candidates.length} earlier messages${added} were left out to fit into the context.`,
    },
  ];
}

function pictureCount(pictures: number): string {
  return pictures === 1 ? '1 picture' : `${pictures} pictures`;
}

function sentenceOf(
  what: 'message' | 'pictures',
  message: Message,
  pictures: number,
  tokens: number,
): string {
  const counted = pictureCount(pictures);
  const subject = what === 'pictures' ? `${counted} of the message` : 'The message';
  const plural = what === 'pictures' && pictures > 1;
  const added = what === 'message' && pictures > 0 ? ` with ${counted}` : '';
  const verb = plural ? 'were' : 'was';
  return `${subject} “${beginningOf(textOf(message))}”${added} (${tokens} tokens) ${verb} left out to fit into the context.`;
}

function beginningOf(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  const characters = Array.from(line);
  return characters.length > 40 ? `${characters.slice(0, 39).join('')}…` : line;
}

function tooLong(promptTokens: number, maxPromptTokens: number): VistazoError {
  return new VistazoError(
    'chat.tooLong',
    `The message needs ${promptTokens} tokens but only ${maxPromptTokens} fit into the context of the model; shorten the text or send fewer pictures.`,
  );
}
