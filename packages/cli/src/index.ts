import { toVistazoError } from '@vistazo/core';
import { Command, CommanderError } from 'commander';
import { addAskCommand } from './commands/ask.js';
import { addChatCommand } from './commands/chat.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEvalCommand } from './commands/eval.js';
import { addExportCommand } from './commands/export.js';
import { addForgetCommand } from './commands/forget.js';
import { addModelsCommand } from './commands/models.js';
import { addRunCommand } from './commands/run.js';
import { addSlackCommand } from './commands/slack.js';
import { addStartCommand } from './commands/start.js';
import { exitCodes } from './exit-codes.js';
import { interrupted } from './terminal/interrupt.js';
import { version } from './versions.js';

/** Runs the command line given as `process.argv` and sets the exit code. @internal */
export async function main(argv: readonly string[]): Promise<void> {
  hearOutputErrors();
  try {
    await createProgram().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error, argv.includes('--debug'));
  }
}

/** What cannot be printed ends nothing: a bot goes on, and a command that prints its result says why it failed. */
function hearOutputErrors(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever reads has seen enough, as `head` does.
    if (error.code === 'EPIPE') return;
    process.exitCode = exitCodes.failure;
    const reason = error.code === 'ENOSPC' ? 'the disk is full; free some space' : error.message;
    process.stderr.write(
      `What was to be printed could not be written: ${reason}. [file.unreadable]\n`,
    );
  });
}

function createProgram(): Command {
  const program = new Command('vistazo')
    .description('chat bots that look at what people post')
    .version(version())
    .option('--debug', 'print stack traces of faults')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(usageError(text)) });
  const add = [
    addStartCommand,
    addAskCommand,
    addChatCommand,
    addRunCommand,
    addExportCommand,
    addForgetCommand,
    addEvalCommand,
    addModelsCommand,
    addDoctorCommand,
    addSlackCommand,
  ];
  for (const addCommand of add) addCommand(program);
  for (const command of program.commands)
    command.option('--debug', 'print stack traces of faults').exitOverride();
  return program;
}

/** Commander's complaint in the form of all others. */
function usageError(text: string): string {
  const sentence = text
    .replace(/^error: /, '')
    .trim()
    .replace(/\.?\s*\n/, ' ')
    .replace(/\.$/, '');
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}; vistazo --help lists what can be done. [option.invalid]\n`;
}

function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const { code, message } = isAbort(error) ? interrupted() : toVistazoError(error);
  process.stderr.write(`${message} [${code}]\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (code === 'generation.aborted') return exitCodes.interrupted;
  return code.startsWith('option.') ? exitCodes.usage : exitCodes.failure;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
