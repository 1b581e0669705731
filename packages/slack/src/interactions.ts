import type { App, RespondFn } from '@slack/bolt';
import { Asides } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import type { AssistantThreads } from './assistant/assistant-threads.js';
import type { ActionPresses } from './buttons/action-presses.js';
import type { AnswerPresses } from './buttons/answer-presses.js';
import { pressedButton } from './buttons/pressed.js';
import { modalCallbackId } from './commands/command-modal.js';
import type { Doer, Respond } from './commands/doer.js';
import type { MessageShortcuts } from './commands/message-shortcuts.js';
import type { ModalSubmissions } from './commands/modal-submissions.js';
import { pressSchema, shortcutSchema, slashSchema, submissionSchema } from './commands/payloads.js';
import { acknowledgeAfterMs } from './commands/question-desk.js';
import type { SlashCommands } from './commands/slash-commands.js';
import type { AppHome } from './home/app-home.js';
import type { Saying } from './language.js';
import { quiet } from './send-reply/message-calls.js';

/** Who answers what people do besides writing messages. */
export interface InteractionsOptions {
  answers: AnswerPresses;
  actions: ActionPresses;
  slash: SlashCommands;
  shortcuts: MessageShortcuts;
  submissions: ModalSubmissions;
  home: AppHome;
  assistant: AssistantThreads;
  /** Tells a person what they alone see. */
  tell: (doer: Doer, saying: Saying) => Promise<void>;
}

const contextSchema = z.object({ teamId: z.string() });
/** What is said of a command by then is said with the acknowledgement, what comes later after it. */
const acknowledgeCommandAfterMs = 2200;
const ownAction = /^vistazo_/;
const homeAction = /^vistazo_home_/;

/**
 * What people do with buttons, commands, shortcuts, modals, the app's home and the assistant. Each is acknowledged
 * soon, whatever it takes; what fails is told in one sentence to who did it.
 */
export class Interactions {
  readonly #asides = new Asides();

  constructor(private readonly options: InteractionsOptions) {}

  /** A button, or a choice. */
  async pressed(body: unknown, tenant: string, respond: RespondFn | undefined): Promise<void> {
    const press = pressSchema.safeParse(body).data;
    if (press === undefined) return;
    const { answers, actions, home } = this.options;
    const { id: userId, name } = press.user;
    const channel = press.channel?.id;
    // Slack gives no address for what is done in the app's home.
    const doer = { tenant, userId, name, channel, respond: respond && respondBy(respond) };
    await this.#do(doer, async () => {
      // What stands in the home stands in no channel.
      const isHome = channel === undefined && homeAction.test(press.actions[0]?.action_id ?? '');
      if (isHome) return home.press(press, tenant);
      const pressed = pressedButton(press, doer, Date.now());
      if (pressed !== undefined && !(await actions.press(pressed))) await answers.press(pressed);
    });
  }

  /** A shortcut on a message. */
  async shortcut(body: unknown, tenant: string, respond: RespondFn): Promise<void> {
    const shortcut = shortcutSchema.safeParse(body).data;
    if (shortcut === undefined) return;
    const { user, channel, message } = shortcut;
    const doer: Doer = {
      tenant,
      userId: user.id,
      name: user.name,
      channel: channel.id,
      threadTs: message.thread_ts,
      respond: respondBy(respond),
    };
    await this.#do(doer, () => this.options.shortcuts.call(shortcut, doer, Date.now()));
  }

  /** A modal was sent. */
  async submitted(body: unknown, tenant: string): Promise<void> {
    const submission = submissionSchema.safeParse(body).data;
    if (submission === undefined) return;
    const { id: userId, name } = submission.user;
    const doer: Doer = { tenant, userId, name };
    await this.#do(doer, () => this.options.submissions.submit(submission, doer));
  }

  /** A slash command, which is acknowledged with what there is to say. */
  async called(
    body: unknown,
    tenant: string,
    ack: (mrkdwn?: string) => Promise<void>,
    respond: RespondFn,
  ): Promise<void> {
    const slash = slashSchema.safeParse(body).data;
    if (slash === undefined) return ack();
    const { user_id: userId, channel_id: channel } = slash;
    const answer = respondBy(respond);
    const doer: Doer = { tenant, userId, name: userId, channel, respond: answer };
    let isAcknowledged = false;
    const acknowledge = async (text?: string) => {
      if (!isAcknowledged) {
        isAcknowledged = true;
        return ack(text);
      }
      if (text !== undefined)
        await answer({ text, response_type: 'ephemeral', replace_original: false });
    };
    const context = { tenant, receivedAtMs: Date.now(), acknowledge, respond: answer };
    await this.#do(doer, () => this.options.slash.call(slash, context), acknowledgeCommandAfterMs);
    await acknowledge();
  }

  homeOpened(event: unknown, tenant: string): Promise<void> {
    return this.#asides.run(() => this.options.home.opened(event, tenant), {
      waitMs: acknowledgeAfterMs,
    });
  }

  assistantStarted(event: unknown, tenant: string): Promise<void> {
    return this.#asides.run(() => this.options.assistant.started(event, tenant), {
      waitMs: acknowledgeAfterMs,
    });
  }

  /** See `Adapter.forgotten`. */
  forgotten(isMeant: (tenant: string) => boolean): void {
    this.options.shortcuts.forgotten(isMeant);
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#asides.idle();
  }

  #do(doer: Doer, work: () => Promise<void>, waitMs = acknowledgeAfterMs): Promise<void> {
    return this.#asides.run(work, { waitMs, failed: () => this.options.tell(doer, 'failed') });
  }
}

/** Hands what Bolt hears to who answers it. */
export function listenForInteractions(app: App, interactions: Interactions): void {
  const teamOf = (context: unknown) => contextSchema.parse(context).teamId;
  app.action(ownAction, async ({ ack, body, context, respond }) => {
    await ack();
    await interactions.pressed(body, teamOf(context), respond);
  });
  app.shortcut(ownAction, async ({ ack, body, context, ...listener }) => {
    await ack();
    if ('respond' in listener && body.type === 'message_action')
      await interactions.shortcut(body, teamOf(context), listener.respond);
  });
  app.view(modalCallbackId, async ({ ack, body, context }) => {
    await ack();
    if (body.type === 'view_submission') await interactions.submitted(body, teamOf(context));
  });
  app.command(/^\//, async ({ ack, body, context, respond }) => {
    const answer = (text?: string) =>
      text === undefined ? ack() : ack({ response_type: 'ephemeral', text, ...quiet });
    await interactions.called(body, teamOf(context), answer, respond);
  });
  app.event('app_home_opened', ({ event, context }) =>
    interactions.homeOpened(event, teamOf(context)),
  );
  app.event('assistant_thread_started', ({ event, context }) =>
    interactions.assistantStarted(event, teamOf(context)),
  );
}

/** As every message of the bot, these mention nobody and show no previews. */
function respondBy(respond: RespondFn): Respond {
  return ({ blocks, ...message }) => respond({ ...message, ...quiet, ...(blocks && { blocks }) });
}
