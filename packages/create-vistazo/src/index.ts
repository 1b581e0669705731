import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { askForFolder } from './ask-for-folder.js';
import { CreateError } from './create-error.js';
import { type MakeBotOptions, makeBot } from './make-bot.js';

const usage = 'Usage: npm create vistazo FOLDER';

/** Makes the bot that the arguments ask for, and sets the exit code: 1 for what failed, 2 for bad arguments. @internal */
export async function main(args: readonly string[], options: MakeBotOptions = {}): Promise<void> {
  try {
    const { positionals, values } = parsed(args);
    if (values.help) return void process.stdout.write(`${usage}\n`);
    const [folder = await askForFolder(), ...more] = positionals;
    if (more.length > 0)
      throw new CreateError(
        'option.invalid',
        `One folder can be made, not ${positionals.join(', ')}; ${usage}.`,
      );
    process.stdout.write(welcome(folder, await makeBot(folder, options)));
  } catch (error) {
    if (!(error instanceof CreateError)) throw error;
    process.stderr.write(`${error.message} [${error.code}]\n`);
    process.exitCode = error.code === 'option.invalid' ? 2 : 1;
  }
}

function parsed(args: readonly string[]) {
  const options = { help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/\.?$/, '') : String(cause);
    throw new CreateError('option.invalid', `${reason}; ${usage}.`);
  }
}

function welcome(given: string, folder: string): string {
  const place = relative(process.cwd(), folder);
  return [
    `Your bot is in ${given}.`,
    ...(place === '' ? [] : [`  cd ${place}`]),
    '  npm install',
    '  npm test       runs its test',
    '  npm start      serves the chat page, answered by the embedded model',
    '',
  ].join('\n');
}
