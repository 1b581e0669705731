import type { AdapterHost } from '@vistazo/core';
import {
  type ButtonPress,
  type EventDelivery,
  type Language,
  readButtonId,
  seenText,
} from '@vistazo/core/adapter-kit';
import type { Doer } from '../commands/doer.js';
import { type Saying, say } from '../language.js';
import { isFromPerson } from '../parse-message/is-for-bot.js';
import { editedEvent } from '../parse-message/message-event.js';
import type { Surroundings } from '../parse-message/surroundings.js';
import type { People } from '../people.js';
import { placeOf } from '../place.js';
import type { Threads } from '../threads.js';
import type { PressedButton } from './pressed.js';
import { seenMarkup } from './seen-markup.js';

/** What {@link AnswerPresses} need. */
export interface AnswerPressesOptions {
  delivery: EventDelivery;
  threads: Threads;
  surroundings: Surroundings;
  people: People;
  seenFor: AdapterHost['seenFor'];
  /** Tells a person what they alone see, in mrkdwn. */
  whisper: (doer: Doer, mrkdwn: string) => Promise<void>;
}

/** Hands over what people do with the buttons below answers. */
export class AnswerPresses {
  constructor(private readonly options: AnswerPressesOptions) {}

  /** Throws what Slack or the store fails with; what is no button of ours does nothing. */
  async press(pressed: PressedButton): Promise<void> {
    const press = readButtonId(pressed.value);
    if (press === undefined) return;
    const { doer } = pressed;
    const { action, askerId } = press;
    if (action === 'up' || action === 'down') return this.#rate(pressed, press, action);
    const { language } = await this.options.people.soon(doer.tenant, personOf(doer));
    if (action === 'seen') return this.#showSeen(pressed, press, language);
    const tell = (saying: Saying) => this.options.whisper(doer, say(saying, language));
    if (askerId !== undefined && askerId !== doer.userId) return tell('onlyAsker');
    if (action === 'stop') return this.#stop(pressed, press);
    if ((await this.#again(pressed, press)) === 'gone') await tell('questionGone');
  }

  async #rate(
    { doer, conversationKey, triggerId }: PressedButton,
    { messageId }: ButtonPress,
    rating: 'up' | 'down',
  ): Promise<void> {
    const { delivery, people, whisper } = this.options;
    const { id, name, language } = await people.soon(doer.tenant, personOf(doer));
    const taken = await delivery.deliver({
      type: 'feedback',
      eventId: `rated ${triggerId}`,
      tenant: doer.tenant,
      conversationKey,
      messageId,
      rating,
      author: { id, name },
    });
    await whisper(doer, say(taken === undefined ? 'failed' : 'thanks', language));
  }

  async #showSeen(
    { doer, conversationKey }: PressedButton,
    { messageId }: ButtonPress,
    language: Language,
  ): Promise<void> {
    const { tenant } = doer;
    const text = await this.options.seenFor({ tenant, conversationKey, messageId }).then(
      (seen) =>
        seen === undefined ? say('nothingSeen', language) : seenText(seen, language, seenMarkup),
      () => say('notKnownNow', language),
    );
    await this.options.whisper(doer, text);
  }

  async #stop(
    { doer, conversationKey, triggerId }: PressedButton,
    { messageId }: ButtonPress,
  ): Promise<void> {
    await this.options.delivery.deliver({
      type: 'cancelled',
      eventId: `stopped ${triggerId}`,
      tenant: doer.tenant,
      conversationKey,
      messageId,
    });
  }

  /** The question as it is now is asked again. */
  async #again(
    { doer: { tenant }, conversationKey, triggerId }: PressedButton,
    { messageId }: ButtonPress,
  ): Promise<'done' | 'gone'> {
    const { threads, surroundings, delivery } = this.options;
    const message = await threads.find(tenant, placeOf(conversationKey), messageId);
    if (message === undefined || !isFromPerson(message)) return 'gone';
    // It must not lose what it was asked about.
    await threads.whole(message);
    const { event } = await editedEvent(message, surroundings, `again ${triggerId}`);
    await delivery.deliver({ ...event, conversationKey });
    return 'done';
  }
}

function personOf({ userId: id, name }: Doer): { id: string; name: string } {
  return { id, name };
}
