import { z } from 'zod';
import { type Element, elementsOf, stateOf } from './form-state.ts';
import { checkView } from './message-limits.ts';
import { Refusal } from './methods.ts';
import type { Ack, Delivery, Outbox } from './outbox.ts';
import { type ResponseAddresses, responseSchema } from './response-addresses.ts';
import { Triggers } from './triggers.ts';
import { change, openView, toldOf } from './view-methods.ts';
import type { Channel, OpenView, Workspace } from './workspace.ts';

const viewResponse = z.object({
  response_action: z.enum(['errors', 'update', 'push', 'clear']).optional(),
  errors: z.record(z.string(), z.string()).optional(),
  view: z.unknown().optional(),
});

/** What a person did and the app has to answer soon; `ack` is undefined where it did not, and people see an error. */
export type Answered = Promise<Ack | undefined>;

/** What people do with buttons, modals, shortcuts and commands. */
export class Interactions {
  readonly triggers = new Triggers();
  /** What each modal's last submission was answered with as errors, by block. */
  readonly formErrors = new Map<string, Record<string, string>>();
  readonly #world: Workspace;
  readonly #outbox: Outbox;
  readonly #addresses: ResponseAddresses;
  /** Keeps in mind what Slack would refuse. */
  readonly #report: (breach: string) => void;

  constructor(
    world: Workspace,
    outbox: Outbox,
    addresses: ResponseAddresses,
    report: (breach: string) => void,
  ) {
    this.#world = world;
    this.#outbox = outbox;
    this.#addresses = addresses;
    this.#report = report;
  }

  /** Presses a button, or chooses, in a message that the person sees. Throws where there is none. */
  press(press: {
    channel: string;
    ts: string;
    user: string;
    actionId: string;
    /** Which of two feedback buttons, or what is chosen. */
    value?: string;
  }): Answered {
    const { channel: channelId, ts, user, actionId, value } = press;
    const channel = this.#world.channel(channelId);
    const post = this.#world.postAt(channelId, ts);
    const isSeen = post?.onlyFor === undefined || post.onlyFor === user;
    if (post === undefined || !isSeen) throw new Error(`${user} sees no message ${ts}`);
    const { message } = post;
    const isEphemeral = post.onlyFor !== undefined;
    return this.#send({
      type: 'block_actions',
      ...this.#byWhom(user),
      container: {
        type: 'message',
        message_ts: ts,
        channel_id: channelId,
        is_ephemeral: isEphemeral,
        ...(message.thread_ts !== undefined && { thread_ts: message.thread_ts }),
      },
      channel: { id: channelId, name: nameOf(channel) },
      ...(!isEphemeral && { message }),
      state: { values: {} },
      response_url: this.#addresses.issue(channel, user, post),
      actions: [this.#actionOf(message.blocks, actionId, value)],
    }).settled;
  }

  /** Presses a button, or chooses, in the person's home or topmost modal. */
  pressInView(user: string, actionId: string, value?: string): Answered {
    const view = this.openView(user) ?? this.homeOf(user);
    if (view === undefined) throw new Error(`${user} sees no view`);
    return this.#send({
      type: 'block_actions',
      ...this.#byWhom(user),
      container: { type: 'view', view_id: view.id },
      view: toldOf(this.#world, view),
      actions: [this.#actionOf(view.view.blocks, actionId, value)],
    }).settled;
  }

  /** Submits the person's topmost modal with values by action; the others keep what they began with. */
  async submit(user: string, values: Record<string, string | string[]> = {}): Answered {
    const modal = this.openView(user);
    if (modal === undefined) throw new Error(`${user} sees no modal`);
    this.formErrors.delete(modal.id);
    const ack = await this.#send({
      type: 'view_submission',
      ...this.#byWhom(user),
      view: {
        ...toldOf(this.#world, modal),
        state: { values: stateOf(modal.view.blocks, values, (id) => this.#world.files.get(id)) },
      },
      response_urls: [],
    }).settled;
    if (ack !== undefined) this.#obey(modal, ack.response);
    return ack;
  }

  /** Closes the person's topmost modal; the app is told where it wants to be. */
  async close(user: string): Answered {
    const modal = this.openView(user);
    if (modal === undefined) throw new Error(`${user} sees no modal`);
    this.#remove(modal);
    if (modal.view.notify_on_close !== true) return undefined;
    const view = toldOf(this.#world, modal);
    return this.#send({ type: 'view_closed', ...this.#byWhom(user), view, is_cleared: false })
      .settled;
  }

  /** Chooses a shortcut of a message, or without one a global shortcut. */
  shortcut(user: string, callbackId: string, message?: { channel: string; ts: string }): Answered {
    const common = { ...this.#byWhom(user), callback_id: callbackId };
    const action_ts = this.#world.nextTs();
    if (message === undefined)
      return this.#send({ type: 'shortcut', ...common, action_ts }).settled;
    const channel = this.#world.channel(message.channel);
    const post = this.#world.postAt(message.channel, message.ts);
    if (post === undefined) throw new Error(`there is no message ${message.ts}`);
    return this.#send({
      type: 'message_action',
      ...common,
      action_ts,
      message_ts: message.ts,
      channel: { id: channel.id, name: nameOf(channel) },
      message: post.message,
      response_url: this.#addresses.issue(channel, user, undefined),
    }).settled;
  }

  /** Enters a slash command. What the app answers with is seen by the person alone, unless it says otherwise. */
  async command(user: string, channelId: string, command: string, text = ''): Answered {
    const channel = this.#world.channel(channelId);
    const { name } = this.#world.user(user);
    const responseUrl = this.#addresses.issue(channel, user, undefined);
    const ack = await this.#outbox.send('slash_commands', {
      token: 'fake',
      team_id: channel.teamId,
      team_domain: 'fake',
      channel_id: channelId,
      channel_name: nameOf(channel),
      user_id: user,
      user_name: name,
      command,
      text,
      api_app_id: this.#world.appId,
      is_enterprise_install: 'false',
      response_url: responseUrl,
      trigger_id: this.triggers.issue(user),
    }).settled;
    const said = typeof ack?.response === 'string' ? { text: ack.response } : ack?.response;
    const answer = responseSchema.safeParse(said).data;
    if (answer !== undefined && (answer.text ?? answer.blocks) !== undefined)
      this.#addresses.respond(new URL(responseUrl).pathname, answer);
    return ack;
  }

  /** Opens the app's home. */
  openHome(user: string): void {
    const { teamId } = this.#world.user(user);
    const home = this.homeOf(user);
    this.#world.tell(teamId, {
      type: 'app_home_opened',
      user,
      channel: this.#world.directMessages(teamId, user).id,
      tab: 'home',
      ...(home !== undefined && { view: toldOf(this.#world, home) }),
      event_ts: this.#world.nextTs(),
    });
  }

  /** The topmost modal that a person sees. */
  openView(user: string): OpenView | undefined {
    return this.#world.modals.findLast(({ userId }) => userId === user);
  }

  homeOf(user: string): OpenView | undefined {
    return this.#world.homes.find(({ userId }) => userId === user);
  }

  /** Does with modals what a submission was answered with. */
  #obey(modal: OpenView, response: unknown): void {
    const { response_action, errors = {}, view } = viewResponse.safeParse(response).data ?? {};
    try {
      if (response_action === 'errors') this.formErrors.set(modal.id, errors);
      else if (response_action === 'update') change(this.#world, modal, checkView(view, 'modal'));
      else if (response_action === 'push')
        this.#world.modals.push(
          openView(this.#world, modal.teamId, modal.userId, checkView(view, 'modal')),
        );
      else if (response_action === 'clear') {
        for (const each of this.#world.modals.filter(({ userId }) => userId === modal.userId))
          this.#remove(each);
      } else this.#remove(modal);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#report(`view_submission: ${error.code}: ${error.breach}`);
    }
  }

  #remove(modal: OpenView): void {
    this.#world.modals.splice(this.#world.modals.indexOf(modal), 1);
  }

  #send(payload: Record<string, unknown>): Delivery {
    return this.#outbox.send('interactive', structuredClone(payload));
  }

  #actionOf(blocks: unknown, actionId: string, value: string | undefined): Record<string, unknown> {
    const element = elementsOf(blocks).find(({ action_id }) => action_id === actionId);
    if (element === undefined) throw new Error(`there is nothing with the action ${actionId}`);
    return { ...actionOf(element, value), action_ts: this.#world.nextTs() };
  }

  #byWhom(userId: string) {
    const { teamId, name } = this.#world.user(userId);
    return {
      token: 'fake',
      api_app_id: this.#world.appId,
      team: { id: teamId, domain: 'fake' },
      enterprise: null,
      is_enterprise_install: false,
      user: { id: userId, username: name, name, team_id: teamId },
      trigger_id: this.triggers.issue(userId),
    };
  }
}

function nameOf({ name, type }: Channel): string {
  return type === 'im' ? 'directmessage' : name;
}

/** What is pressed or chosen, as Slack tells of it. */
function actionOf(element: Element, value: string | undefined): Record<string, unknown> {
  const { type, action_id, block_id, text } = element;
  const common = { type, action_id, block_id };
  if (type === 'button' || type === 'icon_button')
    return { ...common, text, ...(element.value !== undefined && { value: element.value }) };
  if (type === 'feedback_buttons') return { ...common, value };
  const chosen = stateOf([{ type: 'actions', block_id, elements: [element] }], {
    [action_id]: value ?? '',
  });
  return { ...common, ...chosen[block_id]?.[action_id] };
}
