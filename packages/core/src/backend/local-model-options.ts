import { VistazoError } from '../errors.js';
import type { KvCacheOptions } from '../inference/engine/inference.js';
import type { TileBudget } from '../inference/family/image-layout.js';
import type { LoadProgress } from '../inference/files/hub.js';
import type { ModelVariant } from '../inference/files/model-files.js';

/** Options of `createLocalModel`. */
export interface LocalModelOptions {
  /** A folder in Hugging Face layout, or a hub id such as `owner/name`. */
  model: string;
  /** Name to show for a folder. Default: the name of the folder. */
  id?: string;
  /** Weights to use. Default: the most exact that fill at most half of the free memory. */
  variant?: ModelVariant;
  /** Threads of one operator. Default: one for each core. */
  intraOpThreads?: number;
  /**
   * How closely pictures are looked at: `full`, as the model's own rule has it; `fast`, the whole
   * picture alone; `auto`, as many tiles as {@link firstTokenMs} allows on this machine, measured at
   * load; or a number of tiles ≥ 1. Models that see a picture whole, in about its own size, make it
   * smaller: to 256 image tokens for each tile. Default `full`.
   */
  tileBudget?: 'full' | 'fast' | 'auto' | number;
  /** Time in which `auto` aims to have looked at one picture, > 0. Default 3,000. */
  firstTokenMs?: number;
  /** Most frames of an animation that the model sees. Default 4. */
  maxFrames?: number;
  /**
   * Folder in which keys and values of prompts outlive a restart, of this model's processes alone. They
   * derive from messages and pictures, so keep it as private as those. Default: none, memory alone.
   */
  kvCacheFolder?: string;
  /** Most bytes in {@link kvCacheFolder}, > 0. Default 2 GiB. */
  maxKvCacheBytes?: number;
  /** Where downloaded models are kept. Default `~/.cache/vistazo/models`. */
  cacheDir?: string;
  /** Base address of the hub. Default `https://huggingface.co`. */
  hubUrl?: string;
  /** Told how far downloading and loading are. */
  onProgress?: (progress: LoadProgress) => void;
  signal?: AbortSignal;
}

const defaultMaxKvCacheBytes = 2 * 2 ** 30;
const defaultFirstTokenMs = 3000;

/** The tiles that a picture may take. `tileMs` is how long one takes here, where that was measured. */
export function budgetOf(
  { tileBudget = 'full', firstTokenMs = defaultFirstTokenMs }: LocalModelOptions,
  tileMs: number | undefined,
): TileBudget {
  if (tileBudget !== 'auto') return tileBudget;
  return tileMs === undefined ? 'full' : Math.max(1, Math.floor(firstTokenMs / tileMs));
}

/** Checks `tileBudget` and `firstTokenMs`. Throws `option.invalid`. */
export function checkBudget({ tileBudget, firstTokenMs }: LocalModelOptions): void {
  const isName = tileBudget === undefined || typeof tileBudget === 'string';
  if (!isName && !(Number.isInteger(tileBudget) && tileBudget >= 1)) {
    throw new VistazoError(
      'option.invalid',
      `tileBudget is ${tileBudget}; give full, fast, auto or a whole number of tiles from 1 on.`,
    );
  }
  if (firstTokenMs !== undefined && !(firstTokenMs > 0)) {
    throw new VistazoError(
      'option.invalid',
      `firstTokenMs is ${firstTokenMs}; give a number of milliseconds above 0.`,
    );
  }
}

/** Where keys and values outlive a restart. Throws `option.invalid`. */
export function kvCacheOf({
  kvCacheFolder,
  maxKvCacheBytes,
}: LocalModelOptions): KvCacheOptions | undefined {
  if (maxKvCacheBytes !== undefined && !(maxKvCacheBytes > 0)) {
    throw new VistazoError(
      'option.invalid',
      `maxKvCacheBytes is ${maxKvCacheBytes}; give a number of bytes above 0.`,
    );
  }
  return kvCacheFolder === undefined
    ? undefined
    : { folder: kvCacheFolder, maxBytes: maxKvCacheBytes ?? defaultMaxKvCacheBytes };
}
