// Answers three questions with all that it logs on its standard error output, and prints the answers.
import { createTestBot } from '@vistazo/core/testing';

const bot = await createTestBot({ log: { level: 'debug' } });
const answers = [];
for (const question of ['One?', 'Two?', 'Three?']) answers.push(await bot.ask(question));
await bot.close();
process.stdout.write(answers.join(' '));
