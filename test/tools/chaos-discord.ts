// Kills a bot on discord-digital-twin, with the real client of discord.js, in mid-conversation:
// npm run chaos:discord -- --kills 50 --questions 150. A fifth of the questions is posted, and
// some are changed or deleted, while it is away. The last line is JSON; exits 1 when a question was lost, answered
// twice, or answered though it was deleted.
import { parseArgs } from 'node:util';
import { killInConversation } from '../discord/kill.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    questions: { type: 'string', default: '150' },
  },
});
const [kills, questions] = [Number(values.kills), Number(values.questions)];
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(questions) || questions < 3) {
  console.error('--kills is a whole number from 1, --questions one from 3.');
  process.exit(2);
}
const result = await killInConversation({ kills, questions });
console.log(JSON.stringify(result));
if (result.answered < questions) process.exitCode = 1;
