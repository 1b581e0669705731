/**
 * Sends a message from a child process to the one that started it. The parent may be gone already,
 * or go meanwhile; then nobody waits for the message.
 */
export function sendToParent(message: object): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
