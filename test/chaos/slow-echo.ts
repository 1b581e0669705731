import type { ChatMessage, VisionLanguageModel } from '@vistazo/core';
import { ScriptedModel } from '@vistazo/core/testing';

const pieceMs = 40;

/** Says slowly what it was asked. */
export class SlowEcho extends ScriptedModel {
  override generate(...given: Parameters<VisionLanguageModel['generate']>) {
    const [messages] = given;
    const gate = () => new Promise<void>((resolve) => setTimeout(resolve, pieceMs));
    const question = textOf(messages.at(-1));
    this.say({ pieces: ['You ', 'asked: ', question, ' That ', 'is all.'], gate });
    return super.generate(...given);
  }
}

/** The whole of what {@link SlowEcho} says. */
export function echoOf(question: string): string {
  return `You asked: ${question} That is all.`;
}

function textOf(message: ChatMessage | undefined): string {
  if (typeof message?.content === 'string') return message.content;
  return (message?.content ?? [])
    .flatMap((part) => (part.type === 'text' ? [part.text] : []))
    .join('');
}
