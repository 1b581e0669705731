import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  createLocalModel,
  createServerModel,
  parseModelVariant,
  type ServerDialect,
  type VisionLanguageModel,
  VistazoError,
} from '@vistazo/core';
import { nanoModelFolder } from '@vistazo/nano';
import { type Command, Option } from 'commander';
import { createProgress } from './terminal/progress.js';

/** Flags that say which model answers. */
export interface ModelFlags {
  model?: string;
  variant?: string;
  cacheDir?: string;
  server?: string[];
  serverDialect?: ServerDialect;
  contextLength?: number;
}

/** Environment variable with the key of the servers; a flag would be seen by others on the machine. */
const serverKeyVariable = 'VISTAZO_SERVER_KEY';

/** Adds `--model`, `--variant`, `--cache-dir`, and the flags of a model on a server. */
export function withModelFlags(command: Command): Command {
  return command
    .option('--model <folder or hub id>', 'the model that answers (default: the embedded nano)')
    .option('--variant <name>', 'weights: fp32, fp16, q4, q4f16, int8, uint8, quantized, bnb4')
    .option('--cache-dir <folder>', 'where downloaded models are kept')
    .option(
      '--server <address...>',
      `servers with OpenAI-compatible chat completions, such as http://127.0.0.1:8000/v1; --model is the name there, ${serverKeyVariable} the key`,
    )
    .addOption(
      new Option('--server-dialect <name>', 'samplers that the server knows').choices([
        'openai',
        'vllm',
        'llama.cpp',
      ]),
    )
    .option(
      '--context-length <tokens>',
      'most tokens that the server reads and writes (default 8192)',
      Number,
    );
}

/** The model that comes with Vistazo. */
export const embeddedModel = { model: nanoModelFolder, id: '@vistazo/nano' };

/** The hub id that notes about the embedded model point to for photographs. */
export const photographModelId = 'HuggingFaceTB/SmolVLM-256M-Instruct';

/** Whether no `--model` was given, so that the embedded model answers. */
export function usesEmbeddedModel(flags: ModelFlags): boolean {
  return flags.model === undefined && flags.server === undefined;
}

/** A folder that is there comes before a hub id of the same form. */
function folderOrHubId(model: string): string {
  return existsSync(model) ? resolve(model) : model;
}

type LocalModelOptions = Parameters<typeof createLocalModel>[0];

/** A model on servers. Throws `option.invalid` where flags are for local models or the name lacks. */
function openServerModel(
  { server = [], serverDialect, contextLength, model, variant, cacheDir }: ModelFlags,
  { maxFrames }: OpenOptions,
): VisionLanguageModel {
  const local = variant !== undefined ? '--variant' : cacheDir !== undefined ? '--cache-dir' : null;
  if (local !== null || model === undefined) {
    throw new VistazoError(
      'option.invalid',
      local === null
        ? '--server needs --model, the name of the model on that server.'
        : `${local} is for models on this machine; leave it or --server out.`,
    );
  }
  const apiKey = process.env[serverKeyVariable];
  return createServerModel({
    servers: server.map((baseUrl) => ({
      baseUrl,
      model,
      ...(apiKey !== undefined && apiKey !== '' && { apiKey }),
      ...(serverDialect !== undefined && { dialect: serverDialect }),
    })),
    ...(contextLength !== undefined && { contextLengthTokens: contextLength }),
    ...(maxFrames !== undefined && { maxFrames }),
  });
}

type OpenOptions = Omit<LocalModelOptions, 'model' | 'variant' | 'cacheDir' | 'onProgress'>;

/** Opens the model that the flags name; one on this machine with a progress bar on standard error. */
export async function openModel(
  flags: ModelFlags,
  options: OpenOptions = {},
): Promise<VisionLanguageModel> {
  if (flags.server !== undefined) return openServerModel(flags, options);
  if (flags.serverDialect !== undefined || flags.contextLength !== undefined) {
    throw new VistazoError(
      'option.invalid',
      '--server-dialect and --context-length are for a model on a --server; leave them out or add it.',
    );
  }
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
