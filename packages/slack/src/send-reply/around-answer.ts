import type { ContextBlock, KnownBlock } from '@slack/types';
import type { ReplyAction, ReplyTarget } from '@vistazo/core';
import type { AnswerPosts, Language } from '@vistazo/core/adapter-kit';
import { actionButtons } from '../buttons/action-buttons.js';
import { endButtons, stopButton } from '../buttons/answer-buttons.js';
import type { CalledCommands } from '../commands/called-commands.js';

/** What {@link AroundAnswer} needs. */
export interface AroundAnswerOptions {
  /** Whether answers have buttons. */
  buttons: boolean;
  calls: CalledCommands;
  languageOf: (tenant: string, userId: string) => Promise<Language>;
}

/** A message of an answer, posted or to be posted. */
export interface AnswerMessage extends ReplyTarget {
  postId: string | undefined;
  actions?: readonly ReplyAction[] | undefined;
}

/** What stands above and below what a message says. */
export interface Around {
  above: KnownBlock[];
  below: KnownBlock[];
}

/** Puts around messages what they have besides their text. */
export class AroundAnswer {
  constructor(private readonly options: AroundAnswerOptions) {}

  /**
   * Above the first message of an answer, what command it answers; below, the actions of plugins, then while it is made
   * a button that stops it, and below the last message of a whole one those for its end. `completes`: what the
   * text completes, the message or the whole answer.
   */
  async of(
    message: AnswerMessage,
    answer: AnswerPosts,
    completes: 'message' | 'answer' | undefined,
  ): Promise<Around> {
    const { conversationKey, messageId, postId, actions = [] } = message;
    const { isUnderWay, postIds, askerId } = answer;
    const isFirst = postIds[0] === postId;
    const call = isFirst ? this.options.calls.of(messageId) : undefined;
    const above = call === undefined ? [] : [calledLine(call.line)];
    const ofPlugins = actionButtons(actions, conversationKey);
    const isPlain = !this.options.buttons || message.isAnnouncement === true;
    if (isPlain || completes === 'message' || (completes === undefined && !(isUnderWay && isFirst)))
      return { above, below: ofPlugins };
    const language =
      askerId === undefined ? 'en' : await this.options.languageOf(message.tenant, askerId);
    const place = { conversationKey, messageId, askerId, language };
    const own = completes === 'answer' ? endButtons(place) : [stopButton(place)];
    return { above, below: [...ofPlugins, ...own] };
  }
}

/** What was called, which others do not see otherwise. */
export function calledLine(line: string): ContextBlock {
  return { type: 'context', elements: [{ type: 'plain_text', text: line, emoji: false }] };
}
