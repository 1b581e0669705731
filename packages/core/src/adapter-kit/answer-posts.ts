import type { ReplyTarget } from '../adapter/adapter.js';
import type { ReplyAction } from '../adapter/reply-action.js';
import { BoundedMap } from './bounded-map.js';

/** The messages of one answer. */
export interface AnswerPosts {
  /** Who asked. */
  askerId: string | undefined;
  isUnderWay: boolean;
  /** In order. */
  postIds: string[];
  /** Those that have buttons. */
  withButtons: Set<string>;
  /** Of those that have any. */
  actions: Map<string, readonly ReplyAction[]>;
}

/** How many answers are remembered; an older one keeps the buttons that it has. */
const maxAnswers = 10_000;

/** The messages of the answers of this process, as far as it has posted or changed them. */
export class AnswerPostsByQuestion {
  readonly #answers = new BoundedMap<string, AnswerPosts>(maxAnswers);

  of({
    tenant,
    conversationKey,
    messageId,
  }: Pick<ReplyTarget, 'tenant' | 'conversationKey' | 'messageId'>): AnswerPosts {
    const key = JSON.stringify([tenant, conversationKey, messageId]);
    const found = this.#answers.get(key) ?? {
      askerId: undefined,
      isUnderWay: false,
      postIds: [],
      withButtons: new Set<string>(),
      actions: new Map<string, readonly ReplyAction[]>(),
    };
    this.#answers.set(key, found);
    return found;
  }

  /** See `Adapter.forgotten`. Answers that are under way are still needed. */
  forgotten(isMeant: (tenant: string) => boolean): void {
    this.#answers.deleteWhere((key, { isUnderWay }) => {
      const [tenant] = JSON.parse(key);
      return !isUnderWay && isMeant(tenant);
    });
  }
}
