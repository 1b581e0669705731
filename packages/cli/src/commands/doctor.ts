import { existsSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import {
  type Adapter,
  completeVariants,
  describeModel,
  isHubId,
  MediaProcess,
  toVistazoError,
  VistazoError,
} from '@vistazo/core';
import type { Command } from 'commander';
import { loadBotConfig, usualConfigFile } from '../config/bot-config.js';
import { checkDataFolder } from '../data-folder.js';
import { exitCodes } from '../exit-codes.js';
import {
  embeddedModel,
  type ModelFlags,
  openModel,
  photographModelId,
  usesEmbeddedModel,
  withModelFlags,
} from '../model-flags.js';
import { colours } from '../terminal/colours.js';
import { libraryVersion, version } from '../versions.js';

interface Finding {
  what: string;
  ok: boolean;
  found: string;
}

interface DoctorFlags extends ModelFlags {
  data: string;
  config?: string;
  json?: boolean;
}

/** `vistazo doctor`: what is there, what is wrong, and the mend. */
export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description(
      'check versions, memory, model files and platforms, and say what is wrong and how to mend it',
    )
    .option('--data <folder>', 'where conversations are kept', '.vistazo')
    .option(
      '--config <file>',
      `module that says what bot it is and on which platforms (default: ${usualConfigFile}, where it is there)`,
    )
    .option('--json', 'print as JSON');
  withModelFlags(command).action(examine);
}

async function examine(flags: DoctorFlags): Promise<void> {
  const findings = [
    { what: 'Vistazo', ok: true, found: `${version()}, Node ${process.versions.node}` },
    await checked('Libraries', libraries),
    {
      what: 'Processor',
      ok: true,
      found: `${process.platform} ${process.arch}, ${availableParallelism()} cores`,
    },
    memory(),
    await checked('Videos', videos),
    await checked('Data folder', () => dataFolder(flags.data)),
    await checked('Model files', () => modelFiles(flags)),
    await checked('Model', () => modelRuns(flags)),
    ...(await platforms(flags)),
  ];
  const ok = findings.every((finding) => finding.ok);
  process.stdout.write(
    flags.json ? `${JSON.stringify({ ok, findings })}\n` : `${findings.map(line).join('\n')}\n`,
  );
  if (!ok) process.exitCode = exitCodes.failure;
}

const gigabytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

const neededBytes = 300 * 2 ** 20;

function memory(): Finding {
  const found = `${gigabytes(freemem())} of ${gigabytes(totalmem())} GB free`;
  if (freemem() >= neededBytes) return { what: 'Memory', ok: true, found };
  const mend = `at least ${gigabytes(neededBytes)} GB are needed: close other programs, or choose a smaller --variant`;
  return { what: 'Memory', ok: false, found: `${found}; ${mend}` };
}

/** The libraries with native parts, which an incomplete installation lacks. */
async function libraries(): Promise<string> {
  return ['onnxruntime-node', 'sharp', 'better-sqlite3']
    .map((name) => `${name} ${installedVersion(name)}`)
    .join(', ');
}

/** Nothing is wrong without them: people who send videos are told. */
async function videos(): Promise<string> {
  const path = await new MediaProcess().ffmpegPath();
  return path === undefined
    ? 'not looked at: ffmpeg is not installed; install it (with ffprobe) where bots are to look at videos'
    : `read by ${path}`;
}

function installedVersion(name: string): string {
  try {
    return libraryVersion(name);
  } catch (cause) {
    throw new VistazoError(
      'runtime.unsupported',
      `${name} is not installed; run ONNXRUNTIME_NODE_INSTALL=skip npm install --include=optional on this platform.`,
      { cause },
    );
  }
}

async function checked(what: string, check: () => Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, found: await check() };
  } catch (error) {
    return { what, ok: false, found: toVistazoError(error).message };
  }
}

async function dataFolder(folder: string): Promise<string> {
  await checkDataFolder(folder);
  return `${folder} can be written`;
}

async function modelFiles(flags: DoctorFlags): Promise<string> {
  const { model, server } = flags;
  if (server !== undefined) return `${model} is on ${server.join(', ')}`;
  if (model !== undefined && isHubId(model) && !existsSync(model))
    return `${model} is downloaded when it is needed`;
  const { folder, graphs } = await describeModel(model ?? embeddedModel.model);
  const variants = (await completeVariants(folder)).map(({ variant }) => variant).join(', ');
  const note = usesEmbeddedModel(flags)
    ? `; it knows no photographs, for which --model ${photographModelId} is better`
    : '';
  return `${folder}: ${variants}; ${graphs.variant} is chosen${note}`;
}

/** How long a platform may take to say how it is. */
const platformTimeoutMs = 30_000;

/** What the adapters of the config find. */
async function platforms({ config }: DoctorFlags): Promise<Finding[]> {
  if (config === undefined && !existsSync(usualConfigFile)) return [];
  const file = config ?? usualConfigFile;
  try {
    const { adapters } = await loadBotConfig(file);
    const found = await Promise.all(adapters.map(platform));
    return [{ what: 'Config', ok: true, found: `${file} can be loaded` }, ...found.flat()];
  } catch (error) {
    return [{ what: 'Config', ok: false, found: toVistazoError(error).message }];
  }
}

async function platform(adapter: Adapter): Promise<Finding[]> {
  const { name: what } = adapter;
  try {
    const signal = AbortSignal.timeout(platformTimeoutMs);
    const findings = await adapter.check?.({ signal });
    if (findings === undefined) return [{ what, ok: true, found: 'cannot tell how it is' }];
    return findings.map(({ ok, sentence }) => ({ what, ok, found: sentence }));
  } catch (error) {
    const found =
      error instanceof DOMException && error.name === 'TimeoutError'
        ? `does not answer within ${platformTimeoutMs / 1000} s; check the network`
        : toVistazoError(error).message;
    return [{ what, ok: false, found }];
  }
}

/** Loads the model and has it answer one token. */
async function modelRuns(flags: DoctorFlags): Promise<string> {
  const model = await openModel(flags);
  try {
    for await (const event of model.generate([{ role: 'user', content: 'Hello' }], {
      maxNewTokens: 1,
    })) {
      if (event.type !== 'end') continue;
      await model.refreshInfo?.();
      const pictures = model.info.capabilities.images ? '' : ', takes no pictures';
      return `${model.info.id} (${model.info.variant}) answers${pictures}, first token after ${Math.round(event.timings.timeToFirstTokenMs)} ms`;
    }
    return `${model.info.id} loads`;
  } finally {
    await model.close();
  }
}

function line({ what, ok, found }: Finding): string {
  return `${ok ? colours.green('ok   ') : colours.red('wrong')}  ${what.padEnd(12)} ${found}`;
}
