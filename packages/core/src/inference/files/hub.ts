import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { freemem, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { listFiles } from '@huggingface/hub';
import { z } from 'zod';
import { isDiskFull } from '../../disk-full.js';
import { VistazoError } from '../../errors.js';
import type { GraphRole } from '../family/model-family.js';
import { fileExists, sha256Of } from './file-facts.js';
import {
  graphFileNames,
  graphRoles,
  isExternalData,
  type ModelVariant,
  modelVariants,
} from './model-files.js';

/** How far downloading or loading is; `done` and `total` are in bytes or steps. */
export interface LoadProgress {
  done: number;
  total: number;
  label: string;
}

/** Options of {@link openHubModel}. */
export interface HubOptions {
  variant?: ModelVariant;
  /** What the graphs do that are needed. Default: those of a model that answers. */
  roles?: readonly GraphRole[];
  cacheDir?: string;
  hubUrl?: string;
  onProgress?: (progress: LoadProgress) => void;
  signal?: AbortSignal;
}

const completeMark = '.complete';

/** What a hub tells of a file; `lfs.oid` is the sha256 of a large one. */
const hubFileSchema = z.object({
  path: z.string(),
  size: z.number().int().nonnegative(),
  lfs: z.object({ oid: z.string() }).optional(),
});
type HubFile = z.infer<typeof hubFileSchema>;

const settingsFiles =
  /^(config|preprocessor_config|processor_config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|chat_template)\.(json|jinja)$/;

/** Parts of a tokenizer, needed where `tokenizer.json` is not there. */
const tokenizerParts = ['vocab.json', 'merges.txt'];

/** Where downloaded models are kept unless told otherwise. */
export const defaultCacheDir = join(homedir(), '.cache', 'vistazo', 'models');

/** Whether `model` looks like `owner/name` rather than a path. */
export function isHubId(model: string): boolean {
  return /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(model);
}

/**
 * The folder of a hub model, downloaded if it is not there yet: files appear whole or not at all,
 * an interrupted download goes on where it stopped, and every large file is checked by its hash.
 * Throws `model.notFound` or `fetch.failed`.
 */
export async function openHubModel(id: string, options: HubOptions = {}): Promise<string> {
  const folder = join(options.cacheDir ?? defaultCacheDir, ...id.split('/'));
  // A folder can hold the graphs of both kinds of model.
  const kind = options.roles === undefined ? '' : `-${options.roles.join('-')}`;
  const mark = join(folder, `${completeMark}${kind}-${options.variant ?? 'auto'}`);
  if (await fileExists(mark)) return folder;
  const hubUrl = options.hubUrl ?? 'https://huggingface.co';
  const files = await neededFiles(id, hubUrl, options);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const file of files) {
    await download(`${hubUrl}/${id}/resolve/main/${file.path}`, join(folder, file.path), file, {
      ...(options.signal !== undefined && { signal: options.signal }),
      onBytes: (bytes) => {
        done += bytes;
        options.onProgress?.({ done, total, label: file.path });
      },
    });
  }
  await pipeline(Readable.from(['']), createWriteStream(mark));
  return folder;
}

async function neededFiles(
  id: string,
  hubUrl: string,
  { variant, roles, signal }: HubOptions,
): Promise<HubFile[]> {
  const files: HubFile[] = [];
  try {
    const withSignal: typeof fetch = (input, init) =>
      fetch(input, { ...init, signal: signal ?? null });
    for await (const file of listFiles({ repo: id, recursive: true, hubUrl, fetch: withSignal }))
      files.push(hubFileSchema.parse(file));
  } catch (cause) {
    signal?.throwIfAborted();
    throw listingError(id, hubUrl, cause);
  }
  const graphs = graphsOf(files, variant, roles);
  if (graphs === undefined) {
    throw new VistazoError(
      'model.fileMissing',
      `${id} has no complete ${variant ?? ''} ONNX files; choose another variant or model.`,
    );
  }
  const isWhole = files.some(({ path }) => path === 'tokenizer.json');
  const isSetting = ({ path }: HubFile) =>
    settingsFiles.test(path) || (!isWhole && tokenizerParts.includes(path));
  return [...files.filter(isSetting), ...graphs];
}

function listingError(id: string, hubUrl: string, cause: unknown): VistazoError {
  const status = cause instanceof Error && 'statusCode' in cause ? cause.statusCode : undefined;
  if (status === 404 || status === 401) {
    return new VistazoError(
      'model.notFound',
      `There is no model ${id} at ${hubUrl}; check its name, or give a folder.`,
      { cause },
    );
  }
  return new VistazoError(
    'fetch.failed',
    status === undefined
      ? `${hubUrl} could not be reached to download ${id}; check the network, or give a folder that is already there.`
      : `${hubUrl} answered ${status} when asked for ${id}; try again later, or give a folder that is already there.`,
    { cause },
  );
}

function graphsOf(
  files: readonly HubFile[],
  variant: ModelVariant | undefined,
  needed: readonly GraphRole[] | undefined,
): HubFile[] | undefined {
  const filesOf = (each: ModelVariant, role: GraphRole): HubFile[] => {
    const name = graphFileNames(each, role).find((path) =>
      files.some((file) => file.path === path),
    );
    return files.filter(
      ({ path }) => name !== undefined && (path === name || isExternalData(path, name)),
    );
  };
  // A model without eyes has no graph of that role in any variant.
  const roles =
    needed ??
    graphRoles.filter((role) => modelVariants.some((each) => filesOf(each, role).length > 0));
  const complete = (variant === undefined ? modelVariants : [variant])
    .map((each) => roles.map((role) => filesOf(each, role)))
    .filter(
      (parts) =>
        (needed !== undefined || roles.includes('decoder')) &&
        parts.every((part) => part.length > 0),
    )
    .map((parts) => parts.flat());
  const bytes = (graphs: HubFile[]) => graphs.reduce((sum, { size }) => sum + size, 0);
  return (
    complete.find((graphs) => bytes(graphs) <= freemem() / 2) ??
    complete.toSorted((a, b) => bytes(a) - bytes(b))[0]
  );
}

interface DownloadOptions {
  signal?: AbortSignal;
  onBytes: (bytes: number) => void;
}

async function download(
  url: string,
  path: string,
  file: HubFile,
  options: DownloadOptions,
): Promise<void> {
  if (await fileExists(path)) return options.onBytes(file.size);
  const partial = `${path}.partial`;
  await mkdir(dirname(path), { recursive: true });
  const have = await stat(partial).then(
    ({ size }) => size,
    () => 0,
  );
  if (have > 0) options.onBytes(have);
  if (have < file.size || file.size === 0) await fetchInto(url, partial, have, options);
  await verify(partial, file);
  await rename(partial, path);
}

async function fetchInto(
  url: string,
  partial: string,
  have: number,
  { signal, onBytes }: DownloadOptions,
): Promise<void> {
  const range = have > 0 ? { range: `bytes=${have}-` } : undefined;
  try {
    const response = await fetch(url, { ...(range && { headers: range }), signal: signal ?? null });
    if (!response.ok || response.body === null)
      throw new Error(`${response.status} ${response.statusText}`);
    const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        onBytes(chunk.length);
        yield chunk;
      }
    };
    const goesOn = response.status === 206;
    if (have > 0 && !goesOn) onBytes(-have);
    const file = createWriteStream(partial, { flags: goesOn ? 'a' : 'w' });
    await pipeline(Readable.fromWeb(response.body), counted, file);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new VistazoError(
      'fetch.failed',
      isDiskFull(cause)
        ? `There is no space left for ${partial}: the disk is full; free some space and run it again to go on where it stopped.`
        : `Downloading ${url} failed; run it again to go on where it stopped.`,
      { cause },
    );
  }
}

async function verify(path: string, { size, lfs, path: name }: HubFile): Promise<void> {
  const actual = (await stat(path)).size;
  const intact = actual === size && (lfs === undefined || (await sha256Of(path)) === lfs.oid);
  if (intact) return;
  await rm(path);
  throw new VistazoError(
    'fetch.failed',
    `${name} arrived damaged and was thrown away; run it again.`,
  );
}
