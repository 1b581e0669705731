import { type PostedReply, type ReplyPost, type ReplyTarget, VistazoError } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import type { CalledCommands } from '../commands/called-commands.js';
import { slackCodeOf } from '../slack-errors.js';
import { calledLine } from './around-answer.js';
import { messageBody } from './message-body.js';

/** A message that is sent to the address for answers of a command. */
interface Draft {
  target: ReplyTarget;
  text: string;
}

const idPrefix = 'response:';
const maxDrafts = 10_000;
/** What Slack says where the bot is not in the channel. */
const outsideCodes: readonly (string | undefined)[] = ['not_in_channel', 'channel_not_found'];

/** Whether Slack refused a message because the bot is not where it should go. */
export function isOutside(error: unknown): boolean {
  return outsideCodes.includes(slackCodeOf(error));
}

/**
 * Answers of commands in channels that the bot is not in: by the address that Slack gave with the command, which takes
 * five messages within 30 minutes, and none can be changed. Those of an answer that grows are sent when it is whole.
 */
export class ResponseAnswers {
  /** Those that are not sent yet, by their ids. */
  readonly #drafts = new BoundedMap<string, Draft>(maxDrafts);
  /** Their ids, by the message that they answer. */
  readonly #open = new BoundedMap<string, string[]>(maxDrafts);

  constructor(private readonly calls: CalledCommands) {}

  /** Whether a message is one of these. */
  has({ postId }: PostedReply): boolean {
    return postId.startsWith(idPrefix);
  }

  /** The id of the message; undefined where there is no such address. Throws `platform.gone` where it takes no more. */
  async post(post: ReplyPost, isGrowing: boolean): Promise<string | undefined> {
    if (this.calls.of(post.messageId)?.respond === undefined) return undefined;
    const id = `${idPrefix}${post.idempotencyKey}`;
    if (isGrowing) {
      this.#drafts.set(id, { target: post, text: post.text });
      this.#open.set(keyOf(post), [...(this.#open.get(keyOf(post)) ?? []), id]);
    } else await this.#send(post, post.text);
    return id;
  }

  /** One that was sent stays as it is. */
  edit({ postId }: PostedReply, text: string): void {
    const draft = this.#drafts.get(postId);
    if (draft !== undefined) draft.text = text;
  }

  remove({ postId }: PostedReply): void {
    this.#drafts.delete(postId);
  }

  /** The answer is whole. Throws `platform.gone` where the address takes no more. */
  async ended(target: ReplyTarget): Promise<void> {
    const ids = this.#open.get(keyOf(target)) ?? [];
    this.#open.delete(keyOf(target));
    for (const id of ids) {
      const draft = this.#drafts.get(id);
      this.#drafts.delete(id);
      if (draft !== undefined) await this.#send(draft.target, draft.text);
    }
  }

  async #send({ messageId }: ReplyTarget, text: string): Promise<void> {
    const call = this.calls.of(messageId);
    const body = messageBody(text);
    try {
      await call?.respond?.({
        ...body,
        blocks: [calledLine(call.line), ...body.blocks],
        response_type: 'in_channel',
        replace_original: false,
      });
    } catch (cause) {
      throw new VistazoError(
        'platform.gone',
        'The bot is not in the channel, and Slack takes no more answers of the command there; invite the bot.',
        { cause },
      );
    }
  }
}

function keyOf({ tenant, conversationKey, messageId }: ReplyTarget): string {
  return `${tenant} ${conversationKey} ${messageId}`;
}
