/** Slack takes no longer ones. */
const maxLength = 255;

/**
 * The `block_id` of buttons, which says in which conversation they are: of a command that is answered outside of
 * threads the place of the message does not tell.
 */
export function blockIdOf(kind: 'rating' | 'answer' | 'actions', conversationKey: string): string {
  const id = `vistazo ${kind} ${conversationKey}`;
  return id.length <= maxLength ? id : `vistazo ${kind}`;
}

/** Undefined where it does not say. */
export function conversationOfBlock(blockId: string): string | undefined {
  return /^vistazo \w+ (\S+)$/.exec(blockId)?.[1];
}
