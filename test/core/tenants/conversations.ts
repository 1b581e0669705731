import assert from 'node:assert/strict';
import type { ImageId } from '../../../packages/core/src/conversation/chat-message.ts';
import {
  type ConversationId,
  conversationIdSchema,
  type MessageId,
  messageIdSchema,
  textOf,
} from '../../../packages/core/src/conversation/message.ts';
import type {
  ConversationStore,
  PictureRecord,
  Rating,
} from '../../../packages/core/src/store/conversation-store.ts';
import type { Store } from '../../../packages/core/src/store/store.ts';
import { message, picture, posted } from '../store/store-fixture.ts';
import { expectOwn, markOf, tenants } from './marks.ts';
import { pickStep, type Random, type Steps } from './random.ts';

interface KnownMessage {
  id: MessageId;
  text: string;
  picture: ImageId | undefined;
  rating: Rating | undefined;
}

interface KnownConversation {
  title: string;
  systemMessage: string;
  consentedAtMs: number | null;
  /** Each is the answer to the one before. */
  messages: KnownMessage[];
}

interface Owner {
  tenant: string;
  mark: string;
  store: ConversationStore;
  /** Tells apart the records of pictures whose bytes all have. */
  widthPx: number;
  ownPicture: PictureRecord;
  conversations: Map<ConversationId, KnownConversation>;
  messages: number;
}

/** The same ids everywhere: only the tenant tells what they stand for. */
const uuid = (number: number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
const conversationIds = [1, 2, 3, 4].map((number) => conversationIdSchema.parse(uuid(number)));
const messageId = (number: number) => messageIdSchema.parse(uuid(number));
const sharedPictures = ['a cat', 'a dog', 'a whiteboard'].map(picture);
const maxMessages = 12;

/** Conversations and pictures of all tenants in a store, and what must be found there. */
export class Conversations {
  readonly #owners: readonly Owner[];

  constructor(
    store: Store,
    private readonly random: Random,
  ) {
    this.#owners = tenants.map((tenant, index) => {
      const mark = markOf('conversations', tenant);
      return {
        tenant,
        mark,
        store: store.forTenant(tenant),
        widthPx: 100 + index,
        ownPicture: picture(`only of ${mark}`),
        conversations: new Map(),
        messages: 0,
      };
    });
  }

  async step(): Promise<string> {
    const owner = this.random.pick(this.#owners);
    const id = this.random.pick(conversationIds);
    const known = owner.conversations.get(id);
    const steps = this.#steps(owner, id, known);
    const name = pickStep(this.random, steps);
    await steps[name][1]();
    return `conversations: ${name}`;
  }

  #steps(owner: Owner, id: ConversationId, known: KnownConversation | undefined) {
    const { store, mark, tenant } = owner;
    const is = (work: Promise<unknown>) => expectFound(work, known !== undefined);
    return {
      list: [30, () => this.expectList(store, tenant)],
      get: [35, () => this.#get(owner, id, known)],
      messages: [35, () => this.#messages(owner, id, known)],
      picture: [45, () => this.#picture(owner)],
      create: [5, () => this.#create(owner, id, known)],
      add: [12, () => this.#add(owner, id, known)],
      rename: [
        3,
        async () => {
          const title = `${mark} title ${this.random.below(1000)}`;
          await is(store.renameConversation(id, title));
          if (known !== undefined) known.title = title;
        },
      ],
      consent: [
        2,
        async () => {
          const consentedAtMs = this.random.pick([null, 1 + this.random.below(1000)]);
          await is(store.setConsent(id, consentedAtMs));
          if (known !== undefined) known.consentedAtMs = consentedAtMs;
        },
      ],
      show: [1, () => is(store.show(id, messageId(1)))],
      change: [5, () => this.#change(owner, id, known)],
      rate: [3, () => this.#rate(owner, id, known)],
      erase: [1, () => this.#erase(owner, id, known)],
      remove: [1, () => this.#remove(owner, id, known)],
      delete: [
        1,
        async () => {
          await is(store.deleteConversation(id));
          owner.conversations.delete(id);
        },
      ],
    } satisfies Steps<string>;
  }

  /** Nothing of a tenant is there any more. */
  isForgotten(tenant: string): void {
    this.#owners.find((owner) => owner.tenant === tenant)?.conversations.clear();
  }

  /** That a store shows all conversations of a tenant, and no others. */
  async expectList(store: ConversationStore, tenant: string): Promise<void> {
    const owner = this.#owners.find((each) => each.tenant === tenant);
    assert.ok(owner);
    const records = await store.listConversations();
    expectOwn(records, owner.mark);
    const titles = new Map(records.map((record) => [record.id, record.title]));
    const known = [...owner.conversations].map(([id, { title }]) => [id, title] as const);
    assert.deepEqual(titles, new Map(known));
  }

  async #get({ store, mark }: Owner, id: ConversationId, known: KnownConversation | undefined) {
    const record = await expectFound(store.getConversation(id), known !== undefined);
    expectOwn(record, mark);
    if (known === undefined || record === undefined) return;
    const { title, systemMessage, consentedAtMs } = record;
    assert.deepEqual(
      { title, systemMessage, consentedAtMs },
      {
        title: known.title,
        systemMessage: known.systemMessage,
        consentedAtMs: known.consentedAtMs,
      },
    );
  }

  async #messages(
    { store, mark, widthPx }: Owner,
    id: ConversationId,
    known: KnownConversation | undefined,
  ) {
    const messages = await store.messagesOf(id);
    expectOwn(messages, mark);
    const seen = messages.map((each) => {
      const shown = each.parts.find((part) => part.type === 'image');
      if (shown !== undefined) assert.equal(shown.widthPx, widthPx);
      return { id: each.id, text: textOf(each), picture: shown?.image, rating: each.rating };
    });
    assert.deepEqual(seen, known?.messages ?? []);
  }

  async #picture({ store, conversations, mark, widthPx }: Owner) {
    const all = [...sharedPictures, ...this.#owners.map(({ ownPicture }) => ownPicture)];
    const wanted = this.random.pick(this.random.chance(0.7) ? sharedPictures : all);
    const isShown = [...conversations.values()].some(({ messages }) =>
      messages.some((each) => each.picture === wanted.id),
    );
    const found = await expectFound(store.picture(wanted.id), isShown, 'picture.missing');
    if (found === undefined) return;
    expectOwn(found, mark);
    assert.deepEqual(Buffer.from(found.bytes), wanted.bytes);
    assert.equal(found.widthPx, widthPx);
  }

  async #create({ store, mark, conversations }: Owner, id: ConversationId, known: unknown) {
    if (known !== undefined) return this.#expectTaken(store, id);
    const title = `${mark} new`;
    const systemMessage = `${mark} system`;
    const times = { createdAtMs: 1, updatedAtMs: 1, consentedAtMs: null };
    await store.createConversation({ id, title, systemMessage, shownLeaf: null, ...times });
    conversations.set(id, { title, systemMessage, consentedAtMs: null, messages: [] });
  }

  /** An id that the tenant has already is not given again. */
  async #expectTaken(store: ConversationStore, id: ConversationId): Promise<void> {
    const times = { createdAtMs: 1, updatedAtMs: 1, consentedAtMs: null };
    const again = { id, title: '', systemMessage: null, shownLeaf: null, ...times };
    await assert.rejects(store.createConversation(again), { code: 'store.failed' });
  }

  async #add(owner: Owner, id: ConversationId, known: KnownConversation | undefined) {
    const { store, mark, ownPicture, widthPx, conversations } = owner;
    if (known !== undefined && known.messages.length >= maxMessages) {
      await store.deleteConversation(id);
      conversations.delete(id);
      return;
    }
    owner.messages += 1;
    const text = `${mark} message ${owner.messages}`;
    const chosen = this.random.chance(0.5)
      ? { ...this.random.pick([...sharedPictures, ownPicture]), widthPx }
      : undefined;
    const added = message({
      id: messageId(owner.messages),
      parentId: known?.messages.at(-1)?.id ?? null,
      parts: [{ type: 'text', text }, ...(chosen === undefined ? [] : [posted(chosen, mark)])],
    });
    const addition = {
      pictures: chosen === undefined ? [] : [chosen],
      messages: [added],
      shownLeaf: added.id,
    };
    await expectFound(store.add(id, addition), known !== undefined);
    known?.messages.push({ id: added.id, text, picture: chosen?.id, rating: undefined });
  }

  /** One of the tenant, or one that only others have. */
  #anyMessage({ messages }: Owner, known: KnownConversation | undefined): MessageId {
    const own = known?.messages.map(({ id }) => id) ?? [];
    if (own.length > 0 && this.random.chance(0.8)) return this.random.pick(own);
    return messageId(1 + this.random.below(messages + 50));
  }

  async #change(owner: Owner, id: ConversationId, known: KnownConversation | undefined) {
    const { store, mark } = owner;
    const meant = this.#anyMessage(owner, known);
    const found = known?.messages.find((each) => each.id === meant);
    const text = `${mark} changed ${this.random.below(1000)}`;
    await expectFound(store.changeAnswer(id, meant, { text }), found !== undefined);
    if (found !== undefined) found.text = text;
  }

  async #rate(owner: Owner, id: ConversationId, known: KnownConversation | undefined) {
    const meant = this.#anyMessage(owner, known);
    const found = known?.messages.find((each) => each.id === meant);
    const rating = this.random.pick<Rating>(['up', 'down']);
    await expectFound(owner.store.rate(id, meant, rating), found !== undefined);
    if (found !== undefined) found.rating = rating;
  }

  async #erase(owner: Owner, id: ConversationId, known: KnownConversation | undefined) {
    const meant = this.#anyMessage(owner, known);
    await expectFound(owner.store.erase(id, [meant]), known !== undefined);
    const found = known?.messages.find((each) => each.id === meant);
    if (known === undefined || found === undefined) return;
    // It was made of what was said.
    known.title = '';
    found.text = '';
    found.picture = undefined;
  }

  async #remove({ store }: Owner, id: ConversationId, known: KnownConversation | undefined) {
    const last = known?.messages.at(-1);
    const removal = {
      messages: last === undefined ? [] : [last.id],
      shownLeaf: known?.messages.at(-2)?.id ?? null,
    };
    await expectFound(store.remove(id, removal), known !== undefined);
    known?.messages.pop();
  }
}

/** What `work` gives where there must be something, or undefined after it failed as it must. */
async function expectFound<T>(
  work: Promise<T>,
  isThere: boolean,
  code = 'store.notFound',
): Promise<T | undefined> {
  if (isThere) return work;
  await assert.rejects(work, { code });
  return undefined;
}
