import { existsSync } from 'node:fs';
import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ConversationStore,
  type ExportedConversation,
  type ExportFilter,
  exportConversations,
  type ImageId,
  VistazoError,
} from '@vistazo/core';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { openExistingStore, type StoreFlags, withStoreFlags } from '../store-flags.js';

interface ExportFlags extends StoreFlags {
  tenant: string;
  since?: Date;
  until?: Date;
  rated?: 'up' | 'down';
  consented?: boolean;
  json?: boolean;
}

/** What people wrote is for the user who exports it alone. */
const ownerOnly = 0o600;

/** `vistazo export`: conversations to learn from. */
export function addExportCommand(program: Command): void {
  const command = program
    .command('export')
    .description('write conversations and their pictures for fine-tuning')
    .argument('<folder>', 'an empty folder, or one that is not there yet')
    .option('--tenant <name>', 'whose conversations', 'local')
    .option('--since <date>', 'changed on this day or later, such as 2026-11-01', dateArgument)
    .option('--until <date>', 'changed before this day', dateArgument)
    .addOption(
      new Option('--rated <rating>', 'up to the last answer with this rating').choices([
        'up',
        'down',
      ]),
    )
    .option('--consented', 'only those whose people agreed')
    .option('--json', 'print the counts as JSON');
  withStoreFlags(command).action(exportTo);
}

function dateArgument(value: string): Date {
  const date = new Date(value);
  if (!Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('It is not a date such as 2026-11-01.');
}

async function exportTo(folder: string, flags: ExportFlags): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const store = await openExistingStore(flags, flags.tenant);
  resources.defer(() => store.close());
  await makeEmptyFolder(folder);
  const counts = await writing(folder, () =>
    writeExport(store, folder, {
      ...(flags.since !== undefined && { sinceMs: flags.since.getTime() }),
      ...(flags.until !== undefined && { untilMs: flags.until.getTime() }),
      ...(flags.rated !== undefined && { rating: flags.rated }),
      ...(flags.consented !== undefined && { consented: flags.consented }),
    }),
  );
  const sentence = `${counts.conversations} conversations with ${counts.pictures} pictures are in ${folder}`;
  process.stdout.write(flags.json ? `${JSON.stringify(counts)}\n` : `${sentence}\n`);
}

async function makeEmptyFolder(folder: string): Promise<void> {
  try {
    const names = existsSync(folder) ? await readdir(folder) : [];
    if (names.length === 0) await mkdir(join(folder, 'images'), { recursive: true, mode: 0o700 });
    else throw new VistazoError('option.invalid', `${folder} is not empty; name another folder.`);
  } catch (cause) {
    if (cause instanceof VistazoError) throw cause;
    throw new VistazoError('file.unreadable', `${folder} cannot be made; name another folder.`, {
      cause,
    });
  }
}

/** Says by its name what keeps files from being written, such as a full disk. */
async function writing<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof VistazoError || !(cause instanceof Error)) throw cause;
    const isFull = 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
    const mend = isFull ? 'the disk is full; free some space' : `${cause.message}; name another`;
    throw new VistazoError('file.unreadable', `${folder} cannot be written: ${mend}.`, { cause });
  }
}

/**
 * Writes `metadata.jsonl` and `images/`, the layout that Hugging Face `datasets` loads as
 * `imagefolder`. Source: https://huggingface.co/docs/datasets/image_dataset
 */
async function writeExport(
  store: ConversationStore,
  folder: string,
  filter: ExportFilter,
): Promise<{ conversations: number; pictures: number }> {
  const names = new Map<ImageId, string>();
  let conversations = 0;
  await using lines = await open(join(folder, 'metadata.jsonl'), 'wx', ownerOnly);
  for await (const conversation of exportConversations(store, filter)) {
    for (const id of conversation.pictures) {
      if (!names.has(id)) names.set(id, await writePicture(store, folder, id));
    }
    await lines.write(`${JSON.stringify(toRow(conversation, names))}\n`);
    conversations += 1;
  }
  return { conversations, pictures: names.size };
}

function toRow(
  { id, createdAtMs, consent, messages, pictures }: ExportedConversation,
  names: ReadonlyMap<ImageId, string>,
): object {
  return {
    images_file_names: pictures.map((picture) => names.get(picture)),
    messages: messages.map(({ role, content }) => ({ role, content })),
    // Arrow cannot read lists that are all null.
    ratings: messages.map(({ rating }) => rating ?? 'none'),
    conversation: id,
    created_at: new Date(createdAtMs).toISOString(),
    consent,
  };
}

const extensions: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/webp': 'webp' };

async function writePicture(
  store: ConversationStore,
  folder: string,
  id: ImageId,
): Promise<string> {
  const { bytes, mediaType } = await store.picture(id);
  const name = `images/${id.replace('sha256:', '')}.${extensions[mediaType] ?? 'bin'}`;
  await writeFile(join(folder, name), bytes, { mode: ownerOnly });
  return name;
}
