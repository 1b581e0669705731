import type { Kysely, Transaction } from 'kysely';
import type { ImageId } from '../../conversation/chat-message.js';
import type { ConversationId, MessageId } from '../../conversation/message.js';
import { VistazoError } from '../../errors.js';
import type {
  Addition,
  AnswerChange,
  ConversationRecord,
  ConversationStore,
  PictureRecord,
  Rating,
  Removal,
  StoredMessage,
} from '../conversation-store.js';
import type { DatabaseKind } from './database-kind.js';
import { noteForgetting } from './forgettings.js';
import { emptyMessages, purgePictures } from './forgotten-messages.js';
import { GuardedDatabase } from './guarded-database.js';
import { addPicture, framesOf } from './picture-rows.js';
import { toConversationRecord, toMessageRow, toPartRow, toStoredMessage } from './rows.js';
import type { Database } from './schema.js';

/** The conversations of one tenant in a database. @internal */
export class KyselyConversationStore extends GuardedDatabase implements ConversationStore {
  constructor(
    db: Kysely<Database>,
    kind: DatabaseKind,
    private readonly tenant: string,
  ) {
    super(db, kind);
  }

  listConversations(): Promise<ConversationRecord[]> {
    return this.guarded(async (db) => {
      const rows = await db
        .selectFrom('conversations')
        .selectAll()
        .where('tenant', '=', this.tenant)
        .orderBy('updated_at_ms', 'desc')
        .orderBy('created_at_ms', 'desc')
        .execute();
      return rows.map(toConversationRecord);
    });
  }

  createConversation(conversation: ConversationRecord): Promise<void> {
    return this.guarded(async (db) => {
      await db
        .insertInto('conversations')
        .values({
          tenant: this.tenant,
          id: conversation.id,
          title: conversation.title,
          system_message: conversation.systemMessage,
          shown_leaf: conversation.shownLeaf,
          created_at_ms: conversation.createdAtMs,
          updated_at_ms: conversation.updatedAtMs,
          consented_at_ms: conversation.consentedAtMs,
          is_private: conversation.isPrivate ? 1 : 0,
        })
        .execute();
    });
  }

  getConversation(id: ConversationId): Promise<ConversationRecord> {
    return this.guarded(async (db) => {
      const row = await db
        .selectFrom('conversations')
        .selectAll()
        .where('tenant', '=', this.tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      if (row === undefined) throw conversationNotFound(id);
      return toConversationRecord(row);
    });
  }

  messagesOf(id: ConversationId): Promise<StoredMessage[]> {
    return this.guarded(async (db) => {
      const messages = await db
        .selectFrom('messages')
        .selectAll()
        .where('tenant', '=', this.tenant)
        .where('conversation_id', '=', id)
        .orderBy('sequence')
        .execute();
      const parts = Map.groupBy(await this.#partsOf(db, id), (part) => part.message_id);
      return messages.map((message) => toStoredMessage(message, parts.get(message.id) ?? []));
    });
  }

  #partsOf(db: Kysely<Database>, id: ConversationId) {
    return db
      .selectFrom('parts')
      .innerJoin('messages', (join) =>
        join
          .onRef('messages.tenant', '=', 'parts.tenant')
          .onRef('messages.id', '=', 'parts.message_id'),
      )
      .leftJoin('pictures', (join) =>
        join
          .onRef('pictures.tenant', '=', 'parts.tenant')
          .onRef('pictures.id', '=', 'parts.picture_id'),
      )
      .selectAll('parts')
      .select(['pictures.width_px', 'pictures.height_px', 'pictures.frames', 'pictures.media_type'])
      .where('messages.tenant', '=', this.tenant)
      .where('messages.conversation_id', '=', id)
      .orderBy('parts.position')
      .execute();
  }

  renameConversation(id: ConversationId, title: string): Promise<void> {
    return this.guarded((db) => this.#touch(db, id, { title }));
  }

  setConsent(id: ConversationId, consentedAtMs: number | null): Promise<void> {
    return this.guarded(async (db) => {
      const { numUpdatedRows } = await db
        .updateTable('conversations')
        .set({ consented_at_ms: consentedAtMs })
        .where('tenant', '=', this.tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) throw conversationNotFound(id);
    });
  }

  deleteConversation(id: ConversationId): Promise<void> {
    return this.#deleting(async (db) => {
      const { numDeletedRows } = await db
        .deleteFrom('conversations')
        .where('tenant', '=', this.tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      if (numDeletedRows === 0n) throw conversationNotFound(id);
      await purgePictures(db, this.tenant);
    });
  }

  add(id: ConversationId, addition: Addition): Promise<void> {
    const { pictures, messages, shownLeaf, title } = addition;
    return this.inTransaction(async (db) => {
      await this.kind.holdPictures(db, this.tenant, 'adding');
      await this.#touch(db, id, { shown_leaf: shownLeaf, ...(title !== undefined && { title }) });
      for (const picture of pictures) await addPicture(db, this.tenant, picture);
      for (const message of messages) await this.#addMessage(db, id, message);
    });
  }

  async #addMessage(db: Kysely<Database>, id: ConversationId, message: StoredMessage) {
    await db
      .insertInto('messages')
      .values(toMessageRow(this.tenant, id, message))
      .execute();
    for (const [position, part] of message.parts.entries()) {
      const row = toPartRow(this.tenant, message.id, part, position);
      await db.insertInto('parts').values(row).execute();
    }
  }

  changeAnswer(id: ConversationId, messageId: MessageId, change: AnswerChange): Promise<void> {
    return this.inTransaction(async (db) => {
      await this.#changeMessage(db, id, messageId, {
        // Always something to set, so that a missing message is noticed.
        id: messageId,
        ...(change.status !== undefined && { status: change.status }),
        ...(change.error !== undefined && {
          error_code: change.error.code,
          error_message: change.error.message,
        }),
        ...(change.seen !== undefined && { seen: JSON.stringify(change.seen) }),
      });
      if (change.text !== undefined) await this.#setText(db, messageId, change.text);
    });
  }

  async #setText(db: Kysely<Database>, messageId: MessageId, text: string): Promise<void> {
    await db
      .insertInto('parts')
      .values(toPartRow(this.tenant, messageId, { type: 'text', text }, 0))
      .onConflict((conflict) =>
        conflict.columns(['tenant', 'message_id', 'position']).doUpdateSet({ text }),
      )
      .execute();
  }

  rate(id: ConversationId, messageId: MessageId, rating: Rating | null): Promise<void> {
    return this.guarded((db) => this.#changeMessage(db, id, messageId, { rating }));
  }

  async #changeMessage(
    db: Kysely<Database>,
    id: ConversationId,
    messageId: MessageId,
    change: MessageChange,
  ): Promise<void> {
    const { numUpdatedRows } = await db
      .updateTable('messages')
      .set(change)
      .where('tenant', '=', this.tenant)
      .where('conversation_id', '=', id)
      .where('id', '=', messageId)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw messageNotFound(messageId);
  }

  show(id: ConversationId, shownLeaf: MessageId): Promise<void> {
    return this.guarded((db) => this.#change(db, id, { shown_leaf: shownLeaf }));
  }

  remove(id: ConversationId, { messages, shownLeaf }: Removal): Promise<void> {
    return this.#deleting(async (db) => {
      await this.#touch(db, id, { shown_leaf: shownLeaf });
      for (const messageId of messages) await this.#removeMessage(db, id, messageId);
      await purgePictures(db, this.tenant);
    });
  }

  async #removeMessage(db: Kysely<Database>, id: ConversationId, messageId: MessageId) {
    await db
      .deleteFrom('messages')
      .where('tenant', '=', this.tenant)
      .where('conversation_id', '=', id)
      .where('id', '=', messageId)
      .execute();
  }

  erase(id: ConversationId, messages: readonly MessageId[]): Promise<void> {
    return this.#deleting(async (db) => {
      await this.#touch(db, id, {});
      const rows = await db
        .selectFrom('messages')
        .select('id')
        .where('tenant', '=', this.tenant)
        .where('conversation_id', '=', id)
        .where('id', 'in', messages)
        .execute();
      await emptyMessages(
        db,
        this.tenant,
        rows.map((row) => row.id),
      );
      await purgePictures(db, this.tenant);
    });
  }

  picture(id: ImageId): Promise<PictureRecord> {
    return this.guarded(async (db) => {
      const row = await db
        .selectFrom('pictures')
        .selectAll()
        .where('tenant', '=', this.tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      if (row === undefined) throw pictureMissing(id);
      const { bytes, media_type: mediaType, width_px: widthPx, height_px: heightPx } = row;
      return { id, bytes, mediaType, widthPx, heightPx, ...framesOf(row) };
    });
  }

  async pictureBytes(id: ImageId): Promise<Uint8Array> {
    return (await this.picture(id)).bytes;
  }

  /** A change that also makes the conversation the latest. */
  #touch(db: Kysely<Database>, id: ConversationId, change: ConversationChange): Promise<void> {
    return this.#change(db, id, { ...change, updated_at_ms: Date.now() });
  }

  async #change(
    db: Kysely<Database>,
    id: ConversationId,
    change: ConversationChange,
  ): Promise<void> {
    const { numUpdatedRows } = await db
      .updateTable('conversations')
      .set(change)
      .where('tenant', '=', this.tenant)
      .where('id', '=', id)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw conversationNotFound(id);
  }

  /** Within the transaction of another one, that one cleans up after itself. */
  async #deleting(work: (db: Transaction<Database>) => Promise<void>): Promise<void> {
    await this.inTransaction(async (db) => {
      await this.kind.holdPictures(db, this.tenant, 'deleting');
      await work(db);
      await noteForgetting(db, this.kind, this.tenant, { isOverwritten: true });
    });
    if (!this.db.isTransaction) await this.guarded((db) => this.kind.afterDeletion(db));
  }
}

interface ConversationChange {
  title?: string;
  shown_leaf?: string | null;
  updated_at_ms?: number;
}

interface MessageChange {
  id?: string;
  status?: string;
  error_code?: string;
  error_message?: string;
  rating?: string | null;
  seen?: string;
}

function conversationNotFound(id: ConversationId): VistazoError {
  return new VistazoError(
    'store.notFound',
    `There is no conversation ${id}; it may have been deleted.`,
  );
}

function messageNotFound(id: MessageId): VistazoError {
  return new VistazoError('store.notFound', `There is no message ${id}; it may have been deleted.`);
}

function pictureMissing(id: ImageId): VistazoError {
  return new VistazoError(
    'picture.missing',
    `The picture ${id} is not in the store; it may have been deleted. Post it again.`,
  );
}
