import type { AdapterHost, CommandCall, CommandDescription, ReplyAction } from '@vistazo/core';
import {
  actionDialogIdOf,
  askedOf,
  calledAction,
  inTime,
  readActionDialogId,
  readActionId,
} from '@vistazo/core/adapter-kit';
import { commandModal, filledIn, shownAtFirst } from '../commands/command-modal.js';
import type { Doer } from '../commands/doer.js';
import { type ModalPurpose, maxDialogIdLength } from '../commands/modal-purpose.js';
import type { Submission } from '../commands/payloads.js';
import { commandQuestion, type QuestionDesk } from '../commands/question-desk.js';
import type { Saying } from '../language.js';
import type { People } from '../people.js';
import { commandIdOf, placeOf } from '../place.js';
import type { SlackApi } from '../slack-api.js';
import type { PressedButton } from './pressed.js';

/** What {@link ActionPresses} need. */
export interface ActionPressesOptions {
  api: SlackApi;
  people: People;
  desk: QuestionDesk;
  commands: () => readonly CommandDescription[];
  actionsOf: AdapterHost['actionsOf'];
  /** Tells a person what they alone see. */
  tell: (doer: Doer, saying: Saying) => Promise<void>;
}

/** How long the store may take to say what is shown in a dialog; a trigger is good for 3 s. */
const storedWithinMs = 1500;

/** Calls the commands that the buttons of plugins say, which ask for the rest of it in a dialog before. */
export class ActionPresses {
  constructor(private readonly options: ActionPressesOptions) {}

  /** Whether the button is of an action. Throws what Slack fails with. */
  async press(pressed: PressedButton): Promise<boolean> {
    const action = readActionId(pressed.value);
    if (action === undefined) return false;
    const { doer, triggerId, receivedAtMs, conversationKey, postId } = pressed;
    const { index, called } = action;
    const isWhole = called !== undefined && called.asked.length === 0;
    const stored = isWhole ? undefined : await this.#stored(pressed, index);
    const command = called?.command ?? stored?.command;
    if (command === undefined) return this.#told(doer, 'actionGone');
    const description = this.options.commands().find(({ name }) => name === command.name);
    if (description === undefined) return this.#told(doer, 'unknownCommand');
    const same = stored?.command.name === command.name ? stored : undefined;
    const asked = askedOf(description, called?.asked, same);
    const messageId = commandIdOf({ receivedAtMs, triggerId });
    if (asked.length === 0) {
      await this.#call(doer, { conversationKey, messageId }, command);
      return true;
    }
    const { language } = await this.options.people.soon(doer.tenant, {
      id: doer.userId,
      name: doer.name,
    });
    const dialogId = actionDialogIdOf(command, index, postId, maxDialogIdLength);
    const view = commandModal({
      title: same?.label ?? `/${command.name}`,
      purpose: { kind: 'action', messageId, conversationKey, dialogId },
      description,
      asked,
      pictures: 'none',
      language,
    });
    const args = { trigger_id: triggerId, view };
    await this.options.api.call({ tenant: doer.tenant, method: 'views.open', args });
    return true;
  }

  /** A dialog of an action was sent. */
  async submit(
    submission: Submission,
    purpose: Extract<ModalPurpose, { kind: 'action' }>,
    doer: Doer,
  ): Promise<void> {
    const dialog = readActionDialogId(purpose.dialogId);
    const { conversationKey } = purpose;
    const here = { ...doer, ...placeOf(conversationKey) };
    if (dialog === undefined) return void (await this.#told(here, 'actionGone'));
    const { postId, index } = dialog;
    const command =
      dialog.command ?? (await this.#stored({ doer, conversationKey, postId }, index))?.command;
    if (command === undefined) return void (await this.#told(here, 'actionGone'));
    const action = { command, ask: shownAtFirst(submission) };
    const { filled } = filledIn(submission);
    await this.#call(here, purpose, calledAction(action, filled, this.options.commands()));
  }

  async #call(
    doer: Doer,
    { conversationKey, messageId }: { conversationKey: string; messageId: string },
    command: CommandCall,
  ): Promise<void> {
    const { people, desk, tell } = this.options;
    const author = await people.soon(doer.tenant, { id: doer.userId, name: doer.name });
    const question = commandQuestion({
      tenant: doer.tenant,
      conversationKey,
      messageId,
      author,
      asked: { text: '', command },
      material: {},
    });
    const saying = await desk.ask(question, (later) => tell(doer, later));
    if (saying !== undefined) await tell(doer, saying);
  }

  /** Undefined where it is not stored any more, or not known in time. */
  async #stored(
    { doer, conversationKey, postId }: Pick<PressedButton, 'doer' | 'conversationKey' | 'postId'>,
    index: number,
  ): Promise<ReplyAction | undefined> {
    const place = { tenant: doer.tenant, conversationKey, postId };
    const soon = await inTime(
      this.options.actionsOf(place).catch(() => []),
      storedWithinMs,
    );
    return soon === 'late' ? undefined : soon[index];
  }

  async #told(doer: Doer, saying: Saying): Promise<true> {
    await this.options.tell(doer, saying);
    return true;
  }
}
