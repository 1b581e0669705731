/** Where something is said on Slack. */
export interface SlackPlace {
  channel: string;
  /** The `ts` of the message that the thread was begun of; undefined outside of threads. */
  threadTs: string | undefined;
}

/**
 * The conversation that a message belongs to. In channels each thread is one, and a message outside of threads
 * begins its own, since it is answered in a thread; what is said in direct messages outside of threads is one.
 */
export function conversationKeyOf({
  channel,
  ts,
  thread_ts,
}: {
  channel: string;
  ts: string;
  thread_ts?: string | undefined;
}): string {
  // One that a thread was begun of gets its own `ts` as that of the thread.
  if (isDirect(channel) && (thread_ts === undefined || thread_ts === ts)) return channel;
  return `${channel}:${thread_ts ?? ts}`;
}

/** The place of a conversation. */
export function placeOf(conversationKey: string): SlackPlace {
  const [channel = '', threadTs] = conversationKey.split(':');
  return { channel, threadTs };
}

/** Whether a channel is that of the direct messages with one person. */
export function isDirect(channel: string): boolean {
  return channel.startsWith('D');
}

/** Whether it is an id that Slack gave a message. */
export function isTs(id: string): boolean {
  return /^\d{10}\.\d{6}$/.test(id);
}

/** When the message with this `ts` was posted, in milliseconds since 1970; undefined for what is no `ts`. */
export function postedAtMsOf(ts: string): number | undefined {
  return isTs(ts) ? Math.floor(Number(ts) * 1000) : undefined;
}
