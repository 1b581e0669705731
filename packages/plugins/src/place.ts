import { privateConversationKey, readPrivateConversation } from '@vistazo/core/adapter-kit';
import { z } from 'zod';

/** A conversation to announce something in. */
export const placeSchema = z.strictObject({
  /** Name of the adapter. */
  adapter: z.string().min(1),
  conversationKey: z.string().min(1),
});

/** See {@link placeSchema}. */
export type Place = z.output<typeof placeSchema>;

/** Threads and calls in a channel have keys that begin with the channel's, followed by `:`. */
function channelOf(conversationKey: string): string {
  return conversationKey.replace(/:.*$/s, '');
}

/** The channel of a conversation; what one person asks in private is a place of its own in it. */
export function placeKeyOf(conversationKey: string): string {
  const asked = readPrivateConversation(conversationKey);
  if (asked === undefined) return channelOf(conversationKey);
  return privateConversationKey({ ...asked, placeKey: channelOf(asked.placeKey) });
}

/** The places whose lists may be shown in a conversation: its own, and the channel that a private one stands in. */
export function placeKeysShownIn(conversationKey: string): string[] {
  const asked = readPrivateConversation(conversationKey);
  const own = placeKeyOf(conversationKey);
  return asked === undefined ? [own] : [own, channelOf(asked.placeKey)];
}

/** Whether what was made in one place may be shown in another. */
export function mayBeShownIn(place: Place, made: Place): boolean {
  return (
    made.adapter === place.adapter &&
    placeKeysShownIn(place.conversationKey).includes(placeKeyOf(made.conversationKey))
  );
}
