import type { CommandDescription, PlatformEvent } from '@vistazo/core';
import { type EventDelivery, inTime, type Language, ownCommandOf } from '@vistazo/core/adapter-kit';
import type { AskedConversations } from '../asked-conversations.js';
import type { Saying } from '../language.js';
import { say } from '../language.js';
import type { Material } from '../parse-message/material.js';
import { readCommandId } from '../place.js';
import type { ReplySender } from '../send-reply/reply-sender.js';

/** A question that has no message of its own. */
export type CommandQuestion = Extract<PlatformEvent, { type: 'message' }>;

/** What a {@link QuestionDesk} needs. */
export interface QuestionDeskOptions {
  delivery: EventDelivery;
  sender: ReplySender;
  asked: AskedConversations;
}

/** Slack waits 3 s for an acknowledgement; one that is not kept by then is acknowledged all the same. */
export const acknowledgeAfterMs = 1500;

/** Hands over what people ask by commands, shortcuts and buttons. */
export class QuestionDesk {
  constructor(private readonly options: QuestionDeskOptions) {}

  /**
   * What the person is to be told of it now, if anything; where the store takes longer than anybody waits, `later`
   * tells what they are to be told then.
   */
  async ask(
    question: CommandQuestion,
    later: (saying: Saying) => Promise<void>,
  ): Promise<Saying | undefined> {
    const { delivery, sender, asked } = this.options;
    sender.answers.of(question).askerId = question.author.id;
    const taken = delivery.deliver(question).then((outcome) => {
      if (outcome === 'accepted') asked.asked(question);
      return sayingOf(outcome);
    });
    const soon = await inTime(taken, acknowledgeAfterMs);
    if (soon !== 'late') return soon;
    void taken.then((saying) => saying && later(saying)).catch(() => {});
    return undefined;
  }
}

function sayingOf(outcome: 'accepted' | 'known' | 'refused' | undefined): Saying | undefined {
  if (outcome === undefined) return 'notStored';
  return outcome === 'refused' ? 'notTaken' : undefined;
}

/** What somebody asks who has no message of their own for it. */
export function commandQuestion({
  tenant,
  conversationKey,
  messageId,
  author,
  asked,
  material,
}: {
  tenant: string;
  conversationKey: string;
  /** See `commandIdOf`. */
  messageId: string;
  author: { id: string; name: string };
  asked: Pick<CommandQuestion, 'text' | 'command'>;
  material: Partial<Material>;
}): CommandQuestion {
  const called = readCommandId(messageId);
  return {
    type: 'message',
    eventId: `command ${called?.triggerId ?? messageId}`,
    tenant,
    conversationKey,
    messageId,
    author: { id: author.id, name: author.name },
    postedAtMs: called?.receivedAtMs ?? Date.now(),
    ...asked,
    ...material,
  };
}

/** What calling a command with these options asks for. */
export function askedBy(
  description: CommandDescription,
  options: Readonly<Record<string, string | number | boolean>>,
  language: Language,
): Pick<CommandQuestion, 'text' | 'command'> {
  switch (ownCommandOf(description)?.does) {
    case 'ask':
      return { text: String(options.question ?? '') };
    case 'describe':
      return { text: say('describeQuestion', language) };
    default:
      return { text: '', command: { name: description.name, options: { ...options } } };
  }
}
