import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createLocalModel, parseModelVariant, type VisionLanguageModel } from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';
import type { Command } from 'commander';
import { createProgress } from './terminal/progress.js';

/** Flags that say which model answers. */
export interface ModelFlags {
  model?: string;
  variant?: string;
  cacheDir?: string;
}

/** Adds `--model`, `--variant` and `--cache-dir`. */
export function withModelFlags(command: Command): Command {
  return command
    .option('--model <folder or hub id>', 'the model that answers (default: the embedded nano)')
    .option('--variant <name>', 'weights: fp32, fp16, q4, q4f16, int8, uint8, quantized, bnb4')
    .option('--cache-dir <folder>', 'where downloaded models are kept');
}

/** The model that comes with Vistazo. */
export const embeddedModel = { model: nanoModelFolder, id: '@vistazo/nano' };

/** Whether no `--model` was given, so that the embedded model answers. */
export function usesEmbeddedModel(flags: ModelFlags): boolean {
  return flags.model === undefined;
}

/** A folder that is there comes before a hub id of the same form. */
function folderOrHubId(model: string): string {
  return existsSync(model) ? resolve(model) : model;
}

type LocalModelOptions = Parameters<typeof createLocalModel>[0];

/** Loads the model that the flags name, with a progress bar on standard error. */
export async function openModel(
  flags: ModelFlags,
  options: Omit<LocalModelOptions, 'model' | 'variant' | 'cacheDir' | 'onProgress'> = {},
): Promise<VisionLanguageModel> {
  const progress = createProgress();
  try {
    return await createLocalModel({
      ...options,
      ...(flags.model === undefined ? embeddedModel : { model: folderOrHubId(flags.model) }),
      ...(flags.variant !== undefined && { variant: parseModelVariant(flags.variant) }),
      ...(flags.cacheDir !== undefined && { cacheDir: flags.cacheDir }),
      onProgress: ({ done, total, label }) => progress.update(done, total, label),
    });
  } finally {
    progress.stop();
  }
}
