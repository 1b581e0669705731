import type { AdapterHost, AnsweringModel, CommandCall, CommandDescription } from '@vistazo/core';
import {
  type ActionDialog,
  type ActionPress,
  askedOf,
  BoundedMap,
  type ButtonPress,
  calledAction,
  type EventDelivery,
  helpText,
  type InOrder,
  inTime,
  languageOf,
  readActionDialogId,
  readActionId,
  readButtonId,
  type SeenMarkup,
  sayModel,
  seenText,
} from '@vistazo/core/adapter-kit';
import {
  type APIInteractionResponse,
  escapeMarkdown,
  InteractionResponseType,
  MessageFlags,
  Routes,
  TimestampStyles,
  time,
} from 'discord.js';
import type { DiscordApi } from '../discord-api.js';
import { type Saying, say } from '../language.js';
import type { DiscordMessage } from '../parse-message/discord-message.js';
import { editedEvent } from '../parse-message/message-event.js';
import type { Surroundings } from '../parse-message/surroundings.js';
import { messageBody } from '../send-reply/message-body.js';
import { maxMessageLength } from '../send-reply/post-content.js';
import type { ReplySender } from '../send-reply/reply-sender.js';
import { actionDialog } from './action-dialog.js';
import { calledBy, questionAbout, readCommand } from './command-event.js';
import {
  type CommandInteraction,
  type DialogInteraction,
  fieldsOf,
  type Interaction,
  isGuestAt,
  isOnPrivate,
  type PressInteraction,
  personOf,
  placeOf,
} from './interaction.js';
import type { InteractionRoutes } from './interaction-routes.js';
import { questionDialog, readDialog } from './question-dialog.js';

/** What an {@link InteractionHandler} needs. */
export interface InteractionHandlerOptions {
  api: DiscordApi;
  routes: InteractionRoutes;
  sender: ReplySender;
  delivery: EventDelivery;
  /** Of what is done about messages in their channels. */
  order: InOrder;
  surroundings: Surroundings;
  /** Those that the bot has at the moment. */
  commands: () => readonly CommandDescription[];
  /** Whether commands that it does not know may be somebody else's on the same client. */
  sharesClient: boolean;
  model: AnsweringModel;
  seenFor: AdapterHost['seenFor'];
  actionsOf: AdapterHost['actionsOf'];
}

type Question = ReturnType<typeof questionAbout>;

/** Discord waits 3 s for an acknowledgement; one that is not kept by then is acknowledged all the same. */
const acknowledgeAfterMs = 1500;
/** Messages that dialogs are open about. */
const maxDialogs = 1000;

/** Hands over what people do with commands, buttons and dialogs, and acknowledges it in time. */
export class InteractionHandler {
  readonly #targets = new BoundedMap<string, { tenant: string; message: DiscordMessage }>(
    maxDialogs,
  );

  constructor(private readonly options: InteractionHandlerOptions) {}

  /** Throws what Discord fails with. */
  async handle(interaction: Interaction): Promise<void> {
    switch (interaction.type) {
      case 2:
        return this.#command(interaction);
      case 3:
        return this.#press(interaction);
      case 5:
        return this.#dialog(interaction);
    }
  }

  /** See `Adapter.forgotten`. Discord is asked again for what a dialog is about. */
  forgotten(isMeant: (tenant: string) => boolean): void {
    this.#targets.deleteWhere((_, { tenant }) => isMeant(tenant));
  }

  async #command(interaction: CommandInteraction): Promise<void> {
    const { commands, surroundings } = this.options;
    const called = readCommand(interaction, commands(), surroundings);
    const language = languageOf(interaction.locale);
    switch (called.type) {
      case 'unknown':
        if (this.options.sharesClient) return;
        return this.#tell(interaction, 'unknownCommand');
      case 'help':
        return this.#show(interaction, helpText(commands(), language, { hasLocalNames: true }));
      case 'model':
        return this.#show(interaction, sayModel(this.options.model, language));
      case 'forget':
        return this.#forget(interaction);
      case 'question':
        return this.#ask(interaction, called.event, called.isPrivate);
      case 'dialog':
        this.#targets.set(called.target.id, { ...placeOf(interaction), message: called.target });
        return this.#respond(interaction, {
          type: InteractionResponseType.Modal,
          data: questionDialog(called.target.id, language),
        });
    }
  }

  /** What there is of the person who asks. */
  async #forget(interaction: CommandInteraction): Promise<void> {
    const { tenant } = placeOf(interaction);
    const forgetting = this.options.delivery.forget(tenant, personOf(interaction).id);
    const soon = await inTime(forgetting, acknowledgeAfterMs);
    if (soon !== 'late') return this.#tell(interaction, soon ? 'forgotten' : 'notForgotten');
    await this.#defer(interaction, true);
    const saying = (await forgetting) ? 'forgotten' : 'notForgotten';
    await this.#fill(interaction, say(saying, languageOf(interaction.locale)));
  }

  async #dialog(interaction: DialogInteraction): Promise<void> {
    const filled = readActionDialogId(interaction.data.custom_id);
    if (filled !== undefined) return this.#callFilledIn(interaction, filled);
    const asked = readDialog(interaction);
    if (asked === undefined) return;
    const { surroundings } = this.options;
    const known = this.#targets.get(asked.targetId);
    const target =
      known?.tenant === placeOf(interaction).tenant
        ? known.message
        : await this.#targetOf(interaction, asked.targetId);
    if (target === undefined) return this.#tell(interaction, 'questionGone');
    await this.#ask(interaction, questionAbout(interaction, target, asked, surroundings), false);
  }

  /** Of a dialog that an earlier process opened. A guest may not read there. */
  async #targetOf(
    interaction: DialogInteraction,
    targetId: string,
  ): Promise<DiscordMessage | undefined> {
    if (isGuestAt(interaction)) return undefined;
    return this.options.surroundings.message(interaction.channel_id, targetId);
  }

  async #callFilledIn(interaction: DialogInteraction, dialog: ActionDialog): Promise<void> {
    const stored = await this.#action(interaction, dialog.postId, dialog.index);
    const command = dialog.command ?? stored?.command;
    if (command === undefined) return this.#tell(interaction, 'actionGone');
    const action = { command, ask: stored?.command.name === command.name ? stored.ask : [] };
    const filled = fieldsOf(interaction);
    return this.#call(interaction, calledAction(action, filled, this.options.commands()));
  }

  async #ask(interaction: Interaction, event: Question, isPrivate: boolean): Promise<void> {
    const { routes, sender, delivery, order } = this.options;
    const { promise: acknowledged, resolve } = Promise.withResolvers<boolean>();
    // One that is delivered again has its route.
    if (routes.of(event.messageId) === undefined)
      routes.open(event.messageId, interaction, { isPrivate, acknowledged });
    sender.answers.of(event).askerId = event.author.id;
    const { conversationKey: channelId } = event;
    const taken = delivery.deliver(event, channelId, order.underWay(channelId));
    const soon = await inTime(taken, acknowledgeAfterMs);
    try {
      if (soon === 'refused') await this.#tell(interaction, 'notTaken');
      else if (soon === undefined) await this.#tell(interaction, 'notStored');
      else await this.#defer(interaction, isPrivate);
      if (soon === 'refused' || soon === undefined) routes.answered(event.messageId);
      resolve(true);
    } catch (error) {
      resolve(false);
      throw error;
    }
    if (soon !== 'late') return;
    const late = await taken;
    if (late !== 'refused' && late !== undefined) return;
    // A limit that was reached may be told there already.
    if (routes.of(event.messageId)?.isFilled) return;
    routes.answered(event.messageId);
    const saying = late === undefined ? 'notStored' : 'notTaken';
    await this.#fill(interaction, say(saying, languageOf(interaction.locale)));
  }

  async #press(interaction: PressInteraction): Promise<void> {
    const action = readActionId(interaction.data.custom_id);
    if (action !== undefined) return this.#act(interaction, action);
    await this.#pressOwn(interaction);
  }

  /** Calls what an action says, or asks for the rest of it in a dialog first. */
  async #act(interaction: PressInteraction, { index, called }: ActionPress): Promise<void> {
    const postId = interaction.message?.id;
    const isWhole = called !== undefined && called.asked.length === 0;
    const stored =
      isWhole || postId === undefined ? undefined : await this.#action(interaction, postId, index);
    const command = called?.command ?? stored?.command;
    if (command === undefined) return this.#tell(interaction, 'actionGone');
    const description = this.options.commands().find(({ name }) => name === command.name);
    if (description === undefined) return this.#tell(interaction, 'unknownCommand');
    const same = stored?.command.name === command.name ? stored : undefined;
    const asked = askedOf(description, called?.asked, same);
    if (asked.length === 0 || postId === undefined) return this.#call(interaction, command);
    const title = same?.label ?? `/${command.name}`;
    await this.#respond(interaction, {
      type: InteractionResponseType.Modal,
      data: actionDialog({ title, command, index, postId, asked }),
    });
  }

  /** Undefined where it is not stored any more, or not known in time. */
  async #action(interaction: PressInteraction | DialogInteraction, postId: string, index: number) {
    const found = this.options
      .actionsOf({ ...pressedPlaceOf(interaction), postId })
      .catch(() => []);
    const soon = await inTime(found, acknowledgeAfterMs);
    return soon === 'late' ? undefined : soon[index];
  }

  #call(interaction: PressInteraction | DialogInteraction, command: CommandCall): Promise<void> {
    const isPrivate = isOnPrivate(interaction);
    return this.#ask(interaction, calledBy(interaction, command, isPrivate), isPrivate);
  }

  async #pressOwn(interaction: PressInteraction): Promise<void> {
    const press = readButtonId(interaction.data.custom_id);
    if (press === undefined) return;
    const author = personOf(interaction);
    const { action, messageId, askerId } = press;
    if (action === 'up' || action === 'down') {
      const eventId = `rated ${interaction.id}`;
      const place = { ...pressedPlaceOf(interaction), messageId };
      const rated = { type: 'feedback', eventId, ...place, rating: action, author } as const;
      await inTime(this.options.delivery.deliver(rated), acknowledgeAfterMs);
      return this.#tell(interaction, 'thanks');
    }
    if (action === 'seen') return this.#showSeen(interaction, press);
    if (askerId !== undefined && askerId !== author.id) return this.#tell(interaction, 'onlyAsker');
    const work = action === 'stop' ? this.#stop : this.#again;
    const done = await inTime(work.call(this, interaction, press), acknowledgeAfterMs);
    if (done === 'gone') return this.#tell(interaction, 'questionGone');
    await this.#respond(interaction, { type: InteractionResponseType.DeferredMessageUpdate });
  }

  async #showSeen(interaction: PressInteraction, { messageId }: ButtonPress): Promise<void> {
    const language = languageOf(interaction.locale);
    const text = this.options.seenFor({ ...pressedPlaceOf(interaction), messageId }).then(
      (seen) =>
        seen === undefined ? say('nothingSeen', language) : seenText(seen, language, seenMarkup),
      () => say('notKnownNow', language),
    );
    const soon = await inTime(text, acknowledgeAfterMs);
    if (soon !== 'late') return this.#show(interaction, soon);
    await this.#defer(interaction, true);
    await this.#fill(interaction, await text);
  }

  async #stop(interaction: PressInteraction, { messageId }: ButtonPress): Promise<'done'> {
    const place = { ...pressedPlaceOf(interaction), messageId };
    const eventId = `stopped ${interaction.id}`;
    await this.options.delivery.deliver({ type: 'cancelled', eventId, ...place });
    return 'done';
  }

  /** The question as it is now is asked again. */
  async #again(
    interaction: PressInteraction,
    { messageId }: ButtonPress,
  ): Promise<'done' | 'gone'> {
    const { surroundings, delivery } = this.options;
    const { guild_id, channel_id } = interaction;
    // The message that a thread was begun of stands in the channel of the thread.
    const channelId =
      messageId === channel_id ? surroundings.channel(channel_id)?.parentId : channel_id;
    const question = channelId && (await surroundings.message(channelId, messageId));
    if (!question) return 'gone';
    const here = { ...question, ...(guild_id !== undefined && { guild_id }) };
    const edited = await editedEvent(here, surroundings, `again ${interaction.id}`);
    await delivery.deliver({ ...edited, conversationKey: channel_id });
    return 'done';
  }

  /** One sentence, for whoever did it alone. */
  #tell(interaction: Interaction, saying: Saying): Promise<void> {
    return this.#show(interaction, say(saying, languageOf(interaction.locale)));
  }

  #show(interaction: Interaction, content: string): Promise<void> {
    return this.#respond(interaction, {
      type: InteractionResponseType.ChannelMessageWithSource,
      data: messageBody({ content, files: [] }, undefined, { isPrivate: true }),
    });
  }

  #defer(interaction: Interaction, isPrivate: boolean): Promise<void> {
    return this.#respond(interaction, {
      type: InteractionResponseType.DeferredChannelMessageWithSource,
      ...(isPrivate && { data: { flags: MessageFlags.Ephemeral } }),
    });
  }

  async #respond({ id, token }: Interaction, body: APIInteractionResponse): Promise<void> {
    const route = Routes.interactionCallback(id, token);
    await this.options.api.call({ method: 'Post', route, body, auth: false });
  }

  /** In the place of the answer to one that was acknowledged. */
  async #fill({ application_id, token }: Interaction, content: string): Promise<void> {
    const route = Routes.webhookMessage(application_id, token);
    const body = messageBody({ content, files: [] }, undefined);
    await this.options.api.call({ method: 'Patch', route, body, auth: false });
  }
}

/** Where the message stands that somebody pressed a button of. */
function pressedPlaceOf(interaction: PressInteraction | DialogInteraction) {
  return placeOf(interaction, { isPrivate: isOnPrivate(interaction) });
}

const seenMarkup: SeenMarkup = {
  literal: escapeMarkdown,
  ago: (atMs) => time(Math.floor(atMs / 1000), TimestampStyles.RelativeTime),
  maxTextLength: maxMessageLength,
};
