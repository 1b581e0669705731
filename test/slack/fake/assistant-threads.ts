import type { Workspace } from './workspace.ts';

/** What people do in the assistant's pane: threads in their direct messages with the app. */
export class AssistantThreads {
  readonly #world: Workspace;

  constructor(world: Workspace) {
    this.#world = world;
  }

  /** Begins a thread, seen from a channel or from none; gives where it is. */
  start(user: string, contextChannel?: string): { channel: string; threadTs: string } {
    const { teamId } = this.#world.user(user);
    const channel = this.#world.directMessages(teamId, user).id;
    const { botUserId, botId } = this.#world.installationOf(teamId);
    const ts = this.#world.nextTs();
    this.#world.posts.push({
      channelId: channel,
      message: {
        type: 'message',
        subtype: 'assistant_app_thread',
        user: botUserId,
        bot_id: botId,
        app_id: this.#world.appId,
        text: 'New Assistant Thread',
        ts,
        thread_ts: ts,
      },
    });
    this.#tell('assistant_thread_started', user, { channel, threadTs: ts }, contextChannel);
    return { channel, threadTs: ts };
  }

  /** The person looks at another channel beside the thread. */
  changeContext(
    user: string,
    thread: { channel: string; threadTs: string },
    contextChannel: string,
  ): void {
    this.#tell('assistant_thread_context_changed', user, thread, contextChannel);
  }

  #tell(
    type: string,
    user: string,
    { channel, threadTs }: { channel: string; threadTs: string },
    contextChannel: string | undefined,
  ): void {
    const { teamId } = this.#world.user(user);
    this.#world.tell(teamId, {
      type,
      assistant_thread: {
        user_id: user,
        context:
          contextChannel === undefined
            ? {}
            : { channel_id: contextChannel, team_id: teamId, enterprise_id: null },
        channel_id: channel,
        thread_ts: threadTs,
      },
      event_ts: this.#world.nextTs(),
    });
  }
}
