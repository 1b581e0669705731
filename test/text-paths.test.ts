import { describe, expect, it } from 'vitest';
import { parseCommand } from '../packages/core/src/adapter/parse-command.ts';
import { titleFrom } from '../packages/core/src/bot/title.ts';
import { fenceText } from '../packages/core/src/conversation/fence.ts';
import { plainName } from '../packages/core/src/conversation/picture-labels.ts';
import { neutralise, neutraliseTexts } from '../packages/core/src/inference/tokenize/neutralise.ts';
import { harmlessText, linksIn, proseOf } from '../packages/core/src/reply/harmless-text.ts';
import { splitAnswer } from '../packages/core/src/reply/split-answer.ts';
import { splitText } from '../packages/core/src/reply/split-text.ts';
import { plainText as discordText } from '../packages/discord/src/parse-message/plain-text.ts';
import type { Surroundings } from '../packages/discord/src/parse-message/surroundings.ts';
import { oneLine } from '../packages/plugins/src/one-line.ts';
import { plainText as slackText } from '../packages/slack/src/parse-message/plain-text.ts';
import { literalMrkdwn } from '../packages/slack/src/send-reply/inline-mrkdwn.ts';
import { splitMrkdwn } from '../packages/slack/src/send-reply/split-mrkdwn.ts';
import { toMrkdwn } from '../packages/slack/src/send-reply/to-mrkdwn.ts';

const slackNames = {
  user: () => undefined,
  channel: () => undefined,
  userGroup: () => undefined,
  botUserId: 'B',
};
const discordNames: Surroundings = {
  botId: '1',
  isFirstInThread: () => false,
  messagesBefore: async () => [],
  message: async () => undefined,
  botRoleId: () => undefined,
  roleName: () => undefined,
  channel: () => undefined,
};
const command = {
  name: 'ask',
  description: '',
  pictures: 'none' as const,
  options: [{ name: 'k', type: 'string' as const, description: '', required: false }],
};

/** What is done to texts of people and models. */
const paths: Record<string, (text: string) => unknown> = {
  harmlessText: (text) => harmlessText(text, 'fromConversation', new Set()),
  linksIn: (text) => linksIn([text]),
  proseOf,
  splitText: (text) => splitText(text, 2000),
  'splitText into long messages': (text) => splitText(text, 12_000),
  splitAnswer: (text) => splitAnswer(text, 2000),
  parseCommand: (text) => parseCommand(`/ask ${text}`, [command]),
  neutralise: (text) => neutralise(text, ['<|im_start|>', '<end_of_utterance>']),
  neutraliseTexts: (text) => neutraliseTexts([text, text], ['<row_…>']),
  fenceText: (text) => fenceText('file', text),
  plainName,
  titleFrom,
  oneLine: (text) => oneLine(text),
  'plain text of Discord': (text) =>
    discordText({ content: text, mentions: [], guild_id: '1' }, discordNames),
  'plain text of Slack': (text) => slackText(text, slackNames),
  toMrkdwn,
  splitMrkdwn: (text) => splitMrkdwn(text, 3000),
  literalMrkdwn,
};

/** What long texts are made of: words, lines, marks, nested or not, and what looks like the beginning of something. */
const pieces = [
  ...['a', '1', ' ', '\n', '\r', ' \n', '\t', '\u200B', '\u2028', 'é', '😀', '👩\u200D', '\uD83D'],
  ...[
    '.',
    ',',
    ':',
    '"',
    "'",
    '(',
    '[',
    ']',
    '![a',
    'a <@B> ',
    '<@U> ',
    '**a**b',
    '[a](',
    '[a](http://b) ',
    '`',
    '` ',
    '```\na\n',
    '~',
    '*',
    '*a ',
  ],
  ...[
    '_a',
    '__',
    '**',
    '|',
    'a|b\n',
    '<',
    '<@',
    '<!--',
    '<a ',
    '</a',
    '<http://a',
    '<|',
    '<|a',
    '[INST',
  ],
  ...[
    '>',
    '> ',
    '- ',
    '- a\n',
    '#',
    '\\',
    '&',
    '&amp;',
    '&a',
    '@',
    '@everyone ',
    'www.',
    'http://',
  ],
  ...[
    'a:',
    'mailto:',
    'a+',
    'k=v ',
    'k="',
    '\u200B*',
    '--',
    '=',
    '⟦',
    'word ',
    'a\n',
    '!',
    'http://a.!)',
  ],
];
const frames: [string, string][] = [
  ['', ''],
  ['x', 'x'],
  ['http://', 'a'],
];

function processorMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const shortLength = 1500;
const growth = 12;
/** Of linear work it would be `growth`, and of squared work its square; small numbers say little. */
const mostTimes = 5 * growth;
const leastMs = 1;

/** Whether the work on a text of {@link growth} times the length is far from that many times as much. */
function isLinear(path: (text: string) => unknown, make: (length: number) => string): boolean {
  const [short, long] = [make(shortLength), make(shortLength * growth)];
  path(short);
  const shortMs = Math.max(
    leastMs,
    processorMs(() => path(short)),
  );
  return processorMs(() => path(long)) <= mostTimes * shortMs;
}

describe('work on texts grows no faster than they do', () => {
  it.each(Object.keys(paths))('%s', (name) => {
    const path = paths[name] ?? (() => {});
    const slow = pieces.flatMap((piece) =>
      frames.flatMap(([before, after]) => {
        const make = (length: number) =>
          before + piece.repeat(Math.ceil(length / piece.length)).slice(0, length) + after;
        // Other work on the machine may have come between once.
        const isFine = [1, 2, 3].some(() => isLinear(path, make));
        return isFine ? [] : [JSON.stringify(before + piece + after)];
      }),
    );
    expect(slow).toEqual([]);
  });
});
