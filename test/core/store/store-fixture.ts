import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import pg from 'pg';
import { afterAll, onTestFinished } from 'vitest';
import { imageIdSchema } from '../../../packages/core/src/conversation/chat-message.ts';
import {
  conversationIdSchema,
  messageIdSchema,
  type PictureSource,
  type PlaceInFile,
} from '../../../packages/core/src/conversation/message.ts';
import type {
  ConversationStore,
  PictureRecord,
  StoredMessage,
} from '../../../packages/core/src/store/conversation-store.ts';
import { openPostgresStore } from '../../../packages/core/src/store/postgres/open-postgres-store.ts';
import { openSqliteStore } from '../../../packages/core/src/store/sqlite/open-sqlite-store.ts';
import type { Store } from '../../../packages/core/src/store/store.ts';
import { type PostgresServer, startPostgres } from '../../postgres/postgres-server.ts';
import { temporaryFolder } from '../bot/bot-fixture.ts';

/** A database, which can be opened again after it was closed. */
export interface TestDatabase {
  (): Promise<Store>;
  /** Changes what is in it; no store may be open in SQLite meanwhile. */
  run(statement: string): Promise<void>;
  /** What of these words is anywhere in the files that the database has on the disk. */
  wordsOnDisk(words: readonly (string | Uint8Array)[]): Promise<string[]>;
}

/** Makes an empty one. */
export type NewDatabase = () => Promise<TestDatabase>;

/** The databases that keep the same contract, and how a test gets an empty one of each. */
export function databases(): [name: string, newDatabase: NewDatabase][] {
  let server: Promise<PostgresServer> | undefined;
  afterAll(async () => (await server)?.stop(), 60_000);
  return [
    [
      'SQLite',
      async () => {
        const path = await newPath();
        return opener(openSqliteStore, { path }, dirname(path), async (statement) => {
          const database = new SqliteDatabase(path);
          database.prepare(statement).run();
          database.close();
        });
      },
    ],
    [
      'PostgreSQL',
      async () => {
        server ??= startPostgres();
        const { newDatabase, dataFolder } = await server;
        const url = await newDatabase();
        return opener(openPostgresStore, { url }, dataFolder, async (statement) => {
          const client = new pg.Client({ connectionString: url });
          await client.connect();
          await client.query(statement);
          await client.end();
        });
      },
    ],
  ];
}

const newPath = async () => join(await temporaryFolder(), 'chat.sqlite');

function opener<Options>(
  open: (options: Options) => Promise<Store>,
  options: Options,
  folder: string,
  run: TestDatabase['run'],
): TestDatabase {
  const openStore = async () => {
    const store = await open(options);
    onTestFinished(() => store.close());
    return store;
  };
  return Object.assign(openStore, {
    run,
    wordsOnDisk: (words: readonly (string | Uint8Array)[]) => wordsIn(folder, words),
  });
}

/** What of these words is anywhere in the files of a folder. */
export async function wordsIn(
  folder: string,
  words: readonly (string | Uint8Array)[],
): Promise<string[]> {
  const found = new Set<string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    for (const word of words) if (bytes.includes(Buffer.from(word))) found.add(String(word));
  }
  return [...found];
}

export async function newConversation(store: ConversationStore) {
  const id = conversationIdSchema.parse(randomUUID());
  const times = { createdAtMs: 1, updatedAtMs: 1 };
  await store.createConversation({
    id,
    title: '',
    systemMessage: 'Be brief.',
    shownLeaf: null,
    consentedAtMs: null,
    ...times,
  });
  return id;
}

export function picture(content: string): PictureRecord {
  const bytes = Buffer.from(content);
  const id = imageIdSchema.parse(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  return { id, bytes, mediaType: 'image/png', widthPx: 4, heightPx: 5, frames: 1 };
}

export function message(changes: Partial<StoredMessage> = {}): StoredMessage {
  const id = messageIdSchema.parse(randomUUID());
  return {
    id,
    parentId: null,
    role: 'user',
    parts: [],
    createdAtMs: 7,
    status: 'done',
    ...changes,
  };
}

export function posted(
  { id, widthPx, heightPx, frames = 1 }: PictureRecord,
  author: string,
  place?: PlaceInFile,
  source?: PictureSource,
): StoredMessage['parts'][number] {
  const provenance = {
    author,
    origin: 'web',
    postedAtMs: 5,
    name: 'a.png',
    url: 'https://example.org/a.png',
    ...(place !== undefined && { place }),
    ...(source !== undefined && { source }),
  };
  return { type: 'image', image: id, widthPx, heightPx, frames, provenance };
}

export async function addOne(
  store: ConversationStore,
  message: StoredMessage,
  pictures: PictureRecord[] = [],
) {
  const id = await newConversation(store);
  await store.add(id, { pictures, messages: [message], shownLeaf: message.id });
  return id;
}
