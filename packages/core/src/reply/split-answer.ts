import { harmlessText, linksIn, proseOf } from './harmless-text.js';
import { splitText } from './split-text.js';

/**
 * Splits an answer that is harmless ({@link harmlessText}) as `splitText` does. What was code in it and is none any
 * more in its message, as its marks stand in another one, becomes no link.
 */
export function splitAnswer(text: string, maxLength: number): string[] {
  const messages = splitText(text, maxLength);
  if (messages.length < 2) return messages;
  const known = linksIn([proseOf(text)]);
  return messages.flatMap((message) => {
    const harmless = harmlessText(message, 'fromConversation', known);
    if (harmless === message) return [message];
    if (harmless.length <= maxLength) return [harmless];
    // It has to be cut once more, so that nothing in it may count on being code.
    return splitText(
      harmlessText(message.replaceAll('`', "'"), 'fromConversation', known),
      maxLength,
    );
  });
}
