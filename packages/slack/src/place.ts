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

/** The place of a conversation. That of a command has none but its channel. */
export function placeOf(conversationKey: string): SlackPlace {
  const [channel = '', rest] = conversationKey.split(':');
  return { channel, threadTs: rest !== undefined && isTs(rest) ? rest : undefined };
}

/** What somebody did that has no message of its own: they called a command, or a shortcut on a message. */
export interface CommandCallId {
  receivedAtMs: number;
  /** Slack's `trigger_id`, which is another one each time. */
  triggerId: string;
}

/** What core knows such a call by; when it came can be read from it, also by a later process. */
export function commandIdOf({ receivedAtMs, triggerId }: CommandCallId): string {
  return `command:${receivedAtMs}.${triggerId}`;
}

/** Undefined for the ids of messages. */
export function readCommandId(messageId: string): CommandCallId | undefined {
  const [, receivedAtMs, triggerId] = /^command:(\d{13})\.(\S+)$/.exec(messageId) ?? [];
  if (receivedAtMs === undefined || triggerId === undefined) return undefined;
  return { receivedAtMs: Number(receivedAtMs), triggerId };
}

/** The conversation that a slash command begins: it is answered in its channel, where Slack has no threads of commands. */
export function commandConversationOf(channel: string, triggerId: string): string {
  return `${channel}:command-${triggerId}`;
}

/** Whether a channel is that of the direct messages with one person. */
export function isDirect(channel: string): boolean {
  return channel.startsWith('D');
}

/** Whether it is an id that Slack gave a message. */
export function isTs(id: string): boolean {
  return /^\d{10}\.\d{6}$/.test(id);
}

/** When the message with this `ts` was posted, or a command was called, in milliseconds since 1970; undefined for other ids. */
export function postedAtMsOf(messageId: string): number | undefined {
  if (isTs(messageId)) return Math.floor(Number(messageId) * 1000);
  return readCommandId(messageId)?.receivedAtMs;
}

/** The `ts` of a message, or that which one would have that was posted when a command was called; undefined for other ids. */
export function tsOf(messageId: string): string | undefined {
  if (isTs(messageId)) return messageId;
  const calledAtMs = readCommandId(messageId)?.receivedAtMs;
  return calledAtMs === undefined ? undefined : (calledAtMs / 1000).toFixed(6);
}
