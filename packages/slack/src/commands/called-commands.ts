import { BoundedMap } from '@vistazo/core/adapter-kit';
import type { Respond } from './doer.js';

/** A slash command that was called. */
export interface CalledCommand {
  /** Who called it and how, as others are shown it: `Ana: /describe`. */
  line: string;
  /** Undefined where Slack gave no address, or it is not good any more. */
  respond: Respond | undefined;
}

/** Addresses for answers are good for 30 minutes; what is sent in the last of them may come too late. */
const addressLifeMs = 29 * 60_000;
const maxCalls = 10_000;

/** The slash commands of this process, by what core knows them by. What it knew of older ones is lost with it. */
export class CalledCommands {
  readonly #calls = new BoundedMap<string, CalledCommand & { expiresAtMs: number }>(maxCalls);

  note(messageId: string, call: CalledCommand): void {
    this.#calls.set(messageId, { ...call, expiresAtMs: Date.now() + addressLifeMs });
  }

  /** Undefined where it was no command of this process. */
  of(messageId: string): CalledCommand | undefined {
    const call = this.#calls.get(messageId);
    if (call === undefined) return undefined;
    const { line, respond, expiresAtMs } = call;
    return { line, respond: Date.now() < expiresAtMs ? respond : undefined };
  }
}
