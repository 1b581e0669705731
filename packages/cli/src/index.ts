import { createRequire } from 'node:module';
import { toVistazoError } from '@vistazo/core';
import { Command, CommanderError } from 'commander';
import { addAskCommand } from './commands/ask.js';
import { addChatCommand } from './commands/chat.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEvalCommand } from './commands/eval.js';
import { addModelsCommand } from './commands/models.js';
import { addStartCommand } from './commands/start.js';
import { exitCodes } from './exit-codes.js';

/** Runs the command line given as `process.argv` and sets the exit code. @internal */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error, argv.includes('--debug'));
  }
}

function createProgram(): Command {
  const program = new Command('vistazo')
    .description('chat bots that look at what people post')
    .version(version())
    .option('--debug', 'print stack traces of faults')
    .exitOverride()
    .showHelpAfterError('(vistazo --help lists what can be done)');
  const add = [
    addStartCommand,
    addAskCommand,
    addChatCommand,
    addEvalCommand,
    addModelsCommand,
    addDoctorCommand,
  ];
  for (const addCommand of add) addCommand(program);
  for (const command of program.commands)
    command.option('--debug', 'print stack traces of faults').exitOverride();
  return program;
}

function version(): string {
  const { version } = createRequire(import.meta.url)('../package.json');
  return String(version);
}

function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const { code, message } = toVistazoError(error);
  process.stderr.write(`${message} [${code}]\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (code === 'generation.aborted') return exitCodes.interrupted;
  return code.startsWith('option.') ? exitCodes.usage : exitCodes.failure;
}
