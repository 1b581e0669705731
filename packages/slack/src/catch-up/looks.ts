import type { KnownMessage } from '@vistazo/core';
import { placeOf, type SlackPlace, tsOf } from '../place.js';

/** A place where something may have been said that the bot did not hear. */
export interface Look extends SlackPlace {
  /** What is posted behind this `ts` is looked at. */
  afterTs: string;
}

/** How far back is looked, in milliseconds since 1970. */
export interface LookRange {
  nowMs: number;
  /** What is older is not looked at. */
  sinceMs: number;
  /** Until then all was heard; default until the latest message that is known in each place. */
  heardUntilMs?: number | undefined;
}

const dayMs = 86_400_000;
/**
 * How far before the latest known message is looked too: for what Slack was to send again, and for questions that
 * were changed or deleted since.
 */
const lookBackMs = 3_600_000;

/**
 * Where to look in each team, by the latest messages that are known in conversations, the newest first: in each
 * conversation, and before that in the channel that it is in, behind the latest that is known anywhere there.
 */
export function looksBehind(
  known: readonly KnownMessage[],
  range: LookRange,
): Map<string, readonly Look[]> {
  const teams = new Map<string, Map<string, Look>>();
  for (const { tenant, conversationKey, messageId } of known) {
    const ts = tsOf(messageId);
    if (ts === undefined) continue;
    const afterTs = afterOf(ts, range);
    const { channel, threadTs } = placeOf(conversationKey);
    const looks = teams.get(tenant) ?? new Map<string, Look>();
    teams.set(tenant, looks);
    for (const look of [
      { channel, threadTs: undefined, afterTs },
      { channel, threadTs, afterTs },
    ])
      if (!looks.has(keyOfLook(look))) looks.set(keyOfLook(look), look);
  }
  return new Map([...teams].map(([team, looks]) => [team, [...looks.values()]]));
}

/** Names a place within a team. */
export function keyOfLook({ channel, threadTs }: SlackPlace): string {
  return threadTs === undefined ? channel : `${channel}:${threadTs}`;
}

/** The `ts` of a time. */
export function tsAt(atMs: number): string {
  return (atMs / 1000).toFixed(6);
}

/** The later of two. */
export function laterTs(a: string, b: string): string {
  return Number(a) < Number(b) ? b : a;
}

function afterOf(ts: string, { nowMs, sinceMs, heardUntilMs = nowMs }: LookRange): string {
  const heard = Math.min(Number(ts), heardUntilMs / 1000);
  // The store knows for longer than a day what was handed over.
  const isRecent = heard * 1000 >= nowMs - dayMs;
  const behind = isRecent ? heard - lookBackMs / 1000 : heard;
  return laterTs(behind.toFixed(6), tsAt(sinceMs));
}
