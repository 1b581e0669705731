// Kills a bot on our fake of Slack, over Socket Mode, in mid-conversation; a fifth of the events comes twice:
// npm run chaos:slack -- --kills 50 --questions 150 [--edits]. Answers stream natively, or grow by changes of messages
// with --edits. A fifth of the questions is posted while the bot is away. The last line is JSON; exits 1 when a question
// was lost or answered twice.
import { parseArgs } from 'node:util';
import { killInConversation } from '../slack/kill.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    questions: { type: 'string', default: '150' },
    edits: { type: 'boolean', default: false },
  },
});
const [kills, questions] = [Number(values.kills), Number(values.questions)];
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(questions) || questions < 1) {
  console.error('--kills and --questions are whole numbers from 1.');
  process.exit(2);
}
const streaming = values.edits ? 'edits' : 'native';
const result = await killInConversation({ kills, questions, streaming });
console.log(JSON.stringify(result));
if (result.answered < questions) process.exitCode = 1;
