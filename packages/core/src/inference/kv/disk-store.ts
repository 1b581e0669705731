import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockKey } from './block-key.js';
import { emptyBlock, type KvBlock, type KvSpec } from './kv-spec.js';

/** Bytes of a SHA-256 at the beginning of each file. */
const digestBytes = 32;

/** Where blocks are kept on disk. */
export interface DiskStoreOptions {
  /** Folder of this cache alone. It is made when it is needed, for its owner only. */
  folder: string;
  /** Most bytes of all files together, > 0. */
  maxBytes: number;
  /** Tells the files of one model from those of others. */
  fingerprint: string;
}

interface KnownFile {
  bytes: number;
  usedAtMs: number;
}

/**
 * Blocks in files, one folder a scope, so that they outlive a restart. The hash of each file is
 * checked when it is read; a damaged one is deleted. The longest unused files go first. It is a cache:
 * where the disk is full or cannot be written to, nothing is kept, and answers go on.
 */
export class DiskStore {
  readonly #spec: KvSpec;
  readonly #options: DiskStoreOptions;
  /** By path. Undefined until the folder has been read. */
  #files: Promise<Map<string, KnownFile>> | undefined;
  #bytes = 0;
  /** Ends with the last write; writes go one after the other, behind the answers. */
  #writing: Promise<void> = Promise.resolve();
  /** Scopes that were forgotten while something of them may still be written. */
  readonly #generations = new Map<string, number>();

  constructor(spec: KvSpec, options: DiskStoreOptions) {
    this.#spec = spec;
    this.#options = options;
  }

  /** The block of a key, of `tokens` tokens; undefined when there is none, or a damaged one. */
  async get(scope: string, key: BlockKey, tokens: number): Promise<KvBlock | undefined> {
    const path = this.#pathOf(scope, key);
    const files = await this.#known();
    const known = files.get(path);
    if (known === undefined) return undefined;
    const bytes = await readFile(path).catch(() => undefined);
    const block = emptyBlock(this.#spec, tokens);
    const data = bytes?.subarray(digestBytes);
    if (bytes === undefined || data?.length !== block.data.byteLength || !isWhole(bytes)) {
      await this.#delete(path);
      return undefined;
    }
    new Uint8Array(block.data.buffer).set(data);
    known.usedAtMs = Date.now();
    // What is used is kept longer, also by the next process.
    void utimes(path, new Date(), new Date()).catch(() => {});
    return block;
  }

  /** Keeps a block; ends at once, and writes behind the answers. */
  put(scope: string, key: BlockKey, { data }: KvBlock): void {
    const generation = this.#generations.get(scope);
    const path = this.#pathOf(scope, key);
    this.#writing = this.#writing.then(async () => {
      if (this.#generations.get(scope) !== generation) return;
      await this.#write(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    });
  }

  /** Deletes all blocks of a scope, also those that are about to be written. */
  async forget(scope: string): Promise<void> {
    this.#generations.set(scope, (this.#generations.get(scope) ?? 0) + 1);
    // In turn with the writes, so that none of them meets a folder that is being deleted.
    const forgotten = this.#writing.then(() => this.#deleteAll(scope));
    this.#writing = forgotten.catch(() => {});
    await forgotten;
  }

  async #deleteAll(scope: string): Promise<void> {
    const folder = scopeFolder(this.#options.folder, scope);
    const files = await this.#known();
    for (const [path, { bytes }] of files) {
      if (!path.startsWith(folder)) continue;
      files.delete(path);
      this.#bytes -= bytes;
    }
    await forgetOnDisk(this.#options.folder, scope);
  }

  /** Ends when all that was put is on disk. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #write(path: string, data: Uint8Array): Promise<void> {
    const files = await this.#known();
    const bytes = data.length + digestBytes;
    if (files.has(path) || bytes > this.#options.maxBytes) return;
    const unfinished = `${path}.${process.pid}`;
    try {
      await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
      await writeFile(unfinished, Buffer.concat([digestOf(data), data]), { mode: 0o600 });
      await rename(unfinished, path);
    } catch {
      // A full or read-only disk: the block is worked out again when it is needed.
      await rm(unfinished, { force: true }).catch(() => {});
      return;
    }
    files.set(path, { bytes, usedAtMs: Date.now() });
    this.#bytes += bytes;
    await this.#evict(files);
  }

  async #evict(files: Map<string, KnownFile>): Promise<void> {
    if (this.#bytes <= this.#options.maxBytes) return;
    const oldest = [...files].sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs);
    for (const [path] of oldest) {
      if (this.#bytes <= this.#options.maxBytes) return;
      await this.#delete(path);
    }
  }

  async #delete(path: string): Promise<void> {
    const files = await this.#known();
    this.#bytes -= files.get(path)?.bytes ?? 0;
    files.delete(path);
    await rm(path, { force: true }).catch(() => {});
  }

  #known(): Promise<Map<string, KnownFile>> {
    this.#files ??= this.#scan();
    return this.#files;
  }

  /** Files of earlier processes. Those of other models count as well, since the budget is one. */
  async #scan(): Promise<Map<string, KnownFile>> {
    const files = new Map<string, KnownFile>();
    const entries = await readdir(this.#options.folder, {
      recursive: true,
      withFileTypes: true,
    }).catch(() => []);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      const found = entry.isFile() ? await stat(path).catch(() => undefined) : undefined;
      if (found === undefined) continue;
      if (!path.endsWith('.kv')) await rm(path, { force: true }).catch(() => {});
      else files.set(path, { bytes: found.size, usedAtMs: found.mtimeMs });
      if (path.endsWith('.kv')) this.#bytes += found.size;
    }
    return files;
  }

  #pathOf(scope: string, key: BlockKey): string {
    const { folder, fingerprint } = this.#options;
    return join(scopeFolder(folder, scope), `${fingerprint.slice(0, 16)}-${key}.kv`);
  }
}

/** Deletes what any model keeps of a scope, also while no model runs. */
export async function forgetOnDisk(folder: string, scope: string): Promise<void> {
  try {
    // Another process may write into it meanwhile.
    await rm(scopeFolder(folder, scope), { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    // A file stands where the folder should be, so nothing was ever kept.
    if (!isNotFolder(error)) throw error;
  }
}

function isNotFolder(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOTDIR';
}

/** Names of scopes name tenants, which file names must not. */
function scopeFolder(folder: string, scope: string): string {
  return join(folder, createHash('sha256').update(scope).digest('hex').slice(0, 32));
}

function digestOf(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

function isWhole(bytes: Buffer): boolean {
  return digestOf(bytes.subarray(digestBytes)).equals(bytes.subarray(0, digestBytes));
}
