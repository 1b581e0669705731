import type { Doer } from '../commands/doer.js';
import type { Press } from '../commands/payloads.js';
import { conversationKeyOf, placeOf } from '../place.js';
import { conversationOfBlock } from './block-id.js';

/** A button of a message that somebody pressed. */
export interface PressedButton {
  doer: Doer;
  /** What it says. It comes from outside. */
  value: string;
  triggerId: string;
  receivedAtMs: number;
  conversationKey: string;
  /** The `ts` of the message that it stands below. */
  postId: string;
}

/** Undefined for what was not pressed below a message. */
export function pressedButton(
  press: Press,
  doer: Doer,
  receivedAtMs: number,
): PressedButton | undefined {
  const [action] = press.actions;
  const ts = press.message?.ts ?? press.container?.message_ts;
  const channel = press.channel?.id;
  if (action === undefined || ts === undefined || channel === undefined) return undefined;
  const threadTs = press.message?.thread_ts ?? press.container?.thread_ts;
  const said = conversationOfBlock(action.block_id ?? '');
  const isHere = said !== undefined && placeOf(said).channel === channel;
  return {
    doer: { ...doer, channel, threadTs },
    value: action.value ?? '',
    triggerId: press.trigger_id,
    receivedAtMs,
    conversationKey: isHere ? said : conversationKeyOf({ channel, ts, thread_ts: threadTs }),
    postId: ts,
  };
}
