import querystring from 'node:querystring';

/** A conversation that one person has with the bot in a place where others do not see it. */
export interface PrivateConversation {
  personId: string;
  /** Of the place, such as a channel, where everybody else has the conversation with this key. */
  placeKey: string;
}

const pattern = /^private:([^:]*):(.*)$/s;

/** The `conversationKey` of a private conversation: one for each person and place, which nobody else has. */
export function privateConversationKey({ personId, placeKey }: PrivateConversation): string {
  return `private:${encodeURIComponent(personId.toWellFormed())}:${placeKey}`;
}

/** What a key of {@link privateConversationKey} is made of; undefined for other keys. */
export function readPrivateConversation(conversationKey: string): PrivateConversation | undefined {
  const [, personId, placeKey] = pattern.exec(conversationKey) ?? [];
  if (personId === undefined || placeKey === undefined) return undefined;
  return { personId: querystring.unescape(personId), placeKey };
}

/** What the keys of private conversations, and no others, begin with. @internal */
export const privateConversationPrefix = 'private:';
