import type { SlackApi } from '../slack-api.js';

/** Answers what somebody did, at the address that Slack gave for that: five times within 30 minutes. */
export type Respond = (message: {
  text: string;
  blocks?: object[];
  response_type: 'ephemeral' | 'in_channel';
  replace_original: false;
  thread_ts?: string;
}) => Promise<unknown>;

/** Who does something that the bot answers, and where. */
export interface Doer {
  tenant: string;
  userId: string;
  /** As Slack calls them in what it tells. */
  name: string;
  /** Undefined in the app's home. */
  channel?: string | undefined;
  threadTs?: string | undefined;
  /** Undefined for what Slack gives no address for, such as modals. */
  respond?: Respond | undefined;
}

/** Tells people what they alone see. */
export class Whisper {
  constructor(private readonly api: SlackApi) {}

  /** A text in mrkdwn, where they did it. Throws what both ways fail with. */
  async tell(doer: Doer, mrkdwn: string, signal?: AbortSignal): Promise<void> {
    const { tenant, userId: user, channel, threadTs, respond } = doer;
    const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
    const args = { channel, user, text: mrkdwn, ...thread, link_names: false, parse: 'none' };
    const call = { tenant, method: 'chat.postEphemeral', args };
    try {
      if (channel === undefined) return;
      await this.api.call({ ...call, ...(signal !== undefined && { signal }) });
    } catch (error) {
      if (respond === undefined) throw error;
      await respond({
        text: mrkdwn,
        response_type: 'ephemeral',
        replace_original: false,
        ...thread,
      });
    }
  }
}
