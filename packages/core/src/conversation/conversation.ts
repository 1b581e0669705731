import { randomUUID } from 'node:crypto';
import { VistazoError } from '../errors.js';
import type { ChatMessage } from './chat-message.js';
import { type Message, type MessageId, messageIdSchema } from './message.js';
import { labelled } from './picture-labels.js';

/** Where a new message goes, as {@link Conversation.append} gives it. */
export type Place = Pick<Message, 'id' | 'parentId' | 'createdAtMs'>;

/** What a {@link Conversation} starts from. */
export interface ConversationState<M extends Message> {
  /** Every branch, each message after its parent. Default none. */
  messages?: readonly M[];
  /** The last message of the shown branch. Default the newest message. */
  shownLeaf?: MessageId | null;
  /** Default none. */
  systemMessage?: string | null;
}

/**
 * The messages of a conversation as a tree. Versions of a message (edits of a question, answers made
 * anew) have the same parent; the shown branch is the way from the first message to `shownLeaf`.
 * It keeps nothing by itself: a store writes what its methods return.
 * Methods throw `store.notFound` for a message that is not here.
 */
export class Conversation<M extends Message = Message> {
  readonly systemMessage: string | null;
  readonly #messages = new Map<MessageId, M>();
  #shownLeaf: MessageId | null;

  constructor(state: ConversationState<M> = {}) {
    for (const message of state.messages ?? []) this.#messages.set(message.id, message);
    const newest = [...this.#messages.keys()].at(-1) ?? null;
    this.#shownLeaf = state.shownLeaf === undefined ? newest : state.shownLeaf;
    this.systemMessage = state.systemMessage ?? null;
  }

  /** The last message of the shown branch; null when there is none. */
  get shownLeaf(): MessageId | null {
    return this.#shownLeaf;
  }

  /** The shown branch, oldest message first. */
  get shown(): M[] {
    return this.#shownLeaf === null ? [] : this.branchTo(this.#shownLeaf);
  }

  /** The way from the first message to this one, both included. */
  branchTo(id: MessageId): M[] {
    const branch: M[] = [];
    let at: MessageId | null = id;
    while (at !== null) {
      const message: M = this.get(at);
      branch.push(message);
      at = message.parentId;
    }
    return branch.reverse();
  }

  has(id: MessageId): boolean {
    return this.#messages.has(id);
  }

  get(id: MessageId): M {
    const message = this.#messages.get(id);
    if (message === undefined) {
      throw new VistazoError(
        'store.notFound',
        `There is no message ${id} in this conversation; it may have been deleted.`,
      );
    }
    return message;
  }

  /** Ids of the versions of a message, itself included, oldest first. */
  versions(id: MessageId): MessageId[] {
    return this.#childrenOf(this.get(id).parentId).map((message) => message.id);
  }

  /** Adds the message that `make` returns to the end of the shown branch. */
  append(make: (place: Place) => M): M {
    return this.#add(this.#shownLeaf, make);
  }

  /** Adds another version of a user's message and shows it; what followed the old one stays with it. */
  edit(id: MessageId, make: (place: Place) => M): M {
    return this.#addVersion(id, 'user', 'Only messages of people can be edited', make);
  }

  /** Adds another version of an answer and shows it. */
  regenerate(id: MessageId, make: (place: Place) => M): M {
    return this.#addVersion(id, 'assistant', 'Only answers can be regenerated', make);
  }

  #addVersion(id: MessageId, role: M['role'], rule: string, make: (place: Place) => M): M {
    const old = this.get(id);
    if (old.role === role) return this.#add(old.parentId, make);
    throw new VistazoError('option.invalid', `${rule}; message ${id} is of the ${old.role}.`);
  }

  #add(parentId: MessageId | null, make: (place: Place) => M): M {
    const id = messageIdSchema.parse(randomUUID());
    const message = make({ id, parentId, createdAtMs: Date.now() });
    this.#messages.set(message.id, message);
    this.#shownLeaf = message.id;
    return message;
  }

  /** Shows the branch of this message, going on to the newest message after it. Returns its last message. */
  show(id: MessageId): MessageId {
    let leaf = this.get(id).id;
    for (let next = this.#newestAfter(leaf); next !== undefined; next = this.#newestAfter(leaf)) {
      leaf = next;
    }
    this.#shownLeaf = leaf;
    return leaf;
  }

  /**
   * Deletes a message and all that follows it; its other versions stay, and the newest of them is
   * shown where the deleted one was. Returns the deleted ids, children before parents.
   */
  delete(id: MessageId): MessageId[] {
    const { parentId } = this.get(id);
    const wasShown = this.shown.some((message) => message.id === id);
    const deleted = this.withDescendants(id);
    for (const each of deleted) this.#messages.delete(each);
    if (wasShown) this.#showNear(parentId);
    return deleted;
  }

  #showNear(parentId: MessageId | null): void {
    const next = this.#newestAfter(parentId);
    if (next === undefined) this.#shownLeaf = parentId;
    else this.show(next);
  }

  /** A message and all that follows it in any branch, children before parents. */
  withDescendants(id: MessageId): MessageId[] {
    const found = [this.get(id).id];
    for (const each of found) found.push(...this.#childrenOf(each).map((child) => child.id));
    return found.reverse();
  }

  #newestAfter(parentId: MessageId | null): MessageId | undefined {
    return this.#childrenOf(parentId).at(-1)?.id;
  }

  #childrenOf(parentId: MessageId | null): M[] {
    return [...this.#messages.values()].filter((message) => message.parentId === parentId);
  }

  /** The system message and the shown branch in the chat format. */
  toChatMessages(): ChatMessage[] {
    const messages = labelled(this.shown).map(({ message: { role }, parts }) =>
      toChatMessage({ role, parts }),
    );
    return [...systemChatMessage(this.systemMessage), ...messages];
  }
}

/** The system message in the chat format; no message when there is none. @internal */
export function systemChatMessage(systemMessage: string | null): ChatMessage[] {
  return systemMessage === null ? [] : [{ role: 'system', content: systemMessage }];
}

/** A message with its labels in the chat format; pictures by their stored ids. @internal */
export function toChatMessage({ role, parts }: Pick<Message, 'role' | 'parts'>): ChatMessage {
  return {
    role,
    content: parts.map((part) =>
      part.type === 'text'
        ? { type: 'text', text: part.text }
        : { type: 'image', image: part.image },
    ),
  };
}
