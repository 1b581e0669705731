import type { SectionBlock } from '@slack/types';
import { VistazoError } from '@vistazo/core';
import { literalMrkdwn } from './inline-mrkdwn.js';
import { splitMrkdwn } from './split-mrkdwn.js';
import { toMrkdwn } from './to-mrkdwn.js';

/** Most characters of a section's text (https://docs.slack.dev/reference/block-kit/blocks/section-block). */
export const maxSectionLength = 3000;
/** Most blocks of a message (https://docs.slack.dev/reference/block-kit/blocks). */
export const maxBlocks = 50;
/** Blocks that are kept free for what stands around an answer, such as its buttons. */
export const blocksKeptFree = 5;
/** Most characters of `text` (https://docs.slack.dev/reference/methods/chat.update). */
export const maxTextLength = 4000;
/**
 * Most characters of all blocks of a message: more are refused as `msg_blocks_too_long`, which is
 * documented nowhere but measured (https://github.com/slackapi/bolt-js/issues/2509).
 */
export const maxBlocksLength = 13_200;
/** Characters of them that are kept free for what stands around an answer. */
const lengthKeptFree = 1000;
/**
 * Most UTF-16 units of an answer's Markdown that fit into a message, whatever they are: each of them
 * takes up to five characters, as `&amp;` does. Slack counts some more for each block.
 */
export const maxMarkdownLength = 2400;

/** What is said where there is nothing to say: Slack takes no empty message. */
const nothing = '…';
/** What is seen of a text besides space. */
const visible = /[^\s\p{C}\p{Z}]/u;

/** What a message of the bot says. */
export interface MessageBody {
  /** For notifications, and for clients that show no blocks: mrkdwn, the beginning where it is long. */
  text: string;
  /** The whole of it. */
  blocks: SectionBlock[];
}

/**
 * An answer's Markdown as one message, which is never empty. Up to {@link maxMarkdownLength} of it always fit: what
 * formatting makes too long, or leaves nothing of, is shown as it was written. Throws `internal` where more does not
 * fit.
 */
export function messageBody(markdown: string): MessageBody {
  const text = visible.test(markdown) ? markdown.toWellFormed() : nothing;
  for (const convert of [toMrkdwn, literalMrkdwn]) {
    const mrkdwn = convert(text).trim();
    const sections = splitMrkdwn(mrkdwn, maxSectionLength);
    const length = sections.reduce((sum, section) => sum + section.length, 0);
    const isFitting =
      length <= maxBlocksLength - lengthKeptFree && sections.length <= maxBlocks - blocksKeptFree;
    if (isFitting && visible.test(mrkdwn))
      return { text: shortened(mrkdwn), blocks: sections.map(sectionOf) };
  }
  throw new VistazoError(
    'internal',
    `A text of ${markdown.length} characters does not fit into a message on Slack; up to ${maxMarkdownLength} always do.`,
  );
}

function shortened(mrkdwn: string): string {
  const [beginning = '', ...others] = splitMrkdwn(mrkdwn, maxTextLength - 2);
  return others.length === 0 ? beginning : `${beginning}\n…`;
}

function sectionOf(text: string): SectionBlock {
  return {
    type: 'section',
    // Slack makes no mentions or links of its own of what the text says (`verbatim`), nor folds it.
    text: { type: 'mrkdwn', text, verbatim: true },
    expand: true,
  };
}
