import { BoundedMap, Lifetime } from '@vistazo/core/adapter-kit';
import type { Respond } from './doer.js';

/** A slash command that was called, and by whom. */
export interface CalledCommand {
  tenant: string;
  userId: string;
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
  readonly #calls = new BoundedMap<string, CalledCommand & { life: Lifetime }>(maxCalls);

  note(messageId: string, call: CalledCommand): void {
    this.#calls.set(messageId, { ...call, life: new Lifetime(addressLifeMs) });
  }

  /** Undefined where it was no command of this process. */
  of(messageId: string): CalledCommand | undefined {
    const call = this.#calls.get(messageId);
    if (call === undefined) return undefined;
    const { life, ...called } = call;
    return { ...called, respond: life.isOver ? undefined : call.respond };
  }

  /** What a person called. */
  forget(tenant: string, userId: string): void {
    this.#calls.deleteWhere((_, call) => call.tenant === tenant && call.userId === userId);
  }

  /** See `Adapter.forgotten`. Those whose addresses are still good may be under way. */
  forgotten(isMeant: (tenant: string) => boolean): void {
    this.#calls.deleteWhere((_, call) => call.life.isOver && isMeant(call.tenant));
  }
}
