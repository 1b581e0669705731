import { randomUUID } from 'node:crypto';

export type DeliveryKind = 'events_api' | 'interactive' | 'slash_commands';

/** What the app answered, and after how long; `attempt` counts from 0. */
export interface Ack {
  readonly tookMs: number;
  readonly attempt: number;
  readonly response: unknown;
}

/** Something that the app is to be told. */
export interface Delivery {
  readonly kind: DeliveryKind;
  readonly payload: Record<string, unknown>;
  /** How often it was sent. */
  sent: number;
  retryReason: string | undefined;
  readonly acks: Ack[];
  /** The first acknowledgement; undefined where none came in time on any attempt. */
  readonly settled: Promise<Ack | undefined>;
}

/** One sending of a delivery, over a socket or HTTP. */
export interface Attempt {
  readonly id: string;
  readonly delivery: Delivery;
  readonly number: number;
}

interface Pending {
  readonly settle: (ack: Ack | undefined) => void;
  isSettled: boolean;
}

/**
 * Sends what the app is to be told until it acknowledges it: what waits too long is sent again, with number
 * and reason, as Slack does with events. What people wait for (buttons, commands) is sent once.
 */
export class Outbox {
  /** How long it waits for an acknowledgement. Default 3,000 ms, as Slack. */
  ackTimeoutMs = 3000;
  /** How often an event is sent again. Default 3, as Slack. */
  retries = 3;
  /** How long it waits before it sends again what failed at once, such as a refused connection. Default 100 ms. */
  retryDelayMs = 100;
  /** Share of events that are sent again although they were acknowledged, 0 to 1. Default 0. */
  redeliveredShare = 0;
  /** Everything that was to be told, in order. */
  readonly deliveries: Delivery[] = [];
  /** Sends it; false where it cannot now, and it waits for `resume`. */
  transport: (attempt: Attempt) => boolean = () => false;
  readonly #pending = new Map<Delivery, Pending>();
  readonly #attempts = new Map<string, { attempt: Attempt; sentMs: number }>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #waiting: Delivery[] = [];
  #owed = 0;

  send(kind: DeliveryKind, payload: Record<string, unknown>): Delivery {
    const { promise, resolve } = Promise.withResolvers<Ack | undefined>();
    const delivery: Delivery = {
      kind,
      payload,
      sent: 0,
      retryReason: undefined,
      acks: [],
      settled: promise,
    };
    this.deliveries.push(delivery);
    this.#pending.set(delivery, { settle: resolve, isSettled: false });
    this.#attempt(delivery);
    return delivery;
  }

  /** Sends a delivery once more, whether it was acknowledged or not. */
  again(delivery: Delivery, reason = 'timeout'): void {
    delivery.retryReason = reason;
    this.#attempt(delivery);
  }

  /** Sends what waits, because it can again. */
  resume(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const delivery of waiting) this.#attempt(delivery);
  }

  /** Sends nothing again of what waits, as Slack does after some minutes. */
  giveUp(): void {
    this.stop();
  }

  /** An attempt was acknowledged. */
  acknowledge(id: string, response: unknown): void {
    const known = this.#attempts.get(id);
    if (known === undefined) return;
    this.#attempts.delete(id);
    const { delivery, number } = known.attempt;
    const ack = { tookMs: performance.now() - known.sentMs, attempt: number, response };
    delivery.acks.push(ack);
    const isFirst = this.#settle(delivery, ack);
    if (!isFirst || delivery.kind !== 'events_api') return;
    this.#owed += this.redeliveredShare;
    if (this.#owed < 1) return;
    this.#owed -= 1;
    this.again(delivery);
  }

  /** An attempt failed before its time was over; it is sent again where there are retries left. */
  fail(id: string, reason: string, { mayRetry = true } = {}): void {
    const known = this.#attempts.get(id);
    if (known === undefined) return;
    this.#attempts.delete(id);
    const { delivery } = known.attempt;
    if (this.#pending.get(delivery)?.isSettled) return;
    if (mayRetry && delivery.kind === 'events_api' && delivery.sent <= this.retries)
      this.#later(this.retryDelayMs, () => this.again(delivery, reason));
    else this.#settle(delivery, undefined);
  }

  /** How long the app took for each acknowledgement of what it was told, in ms. */
  get ackTimesMs(): number[] {
    return this.deliveries.flatMap(({ acks }) => acks.map(({ tookMs }) => tookMs));
  }

  /** When everything is acknowledged or given up. */
  async untilSettled(): Promise<void> {
    for (const { settled } of this.deliveries) await settled;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#waiting = [];
    for (const delivery of this.#pending.keys()) this.#settle(delivery, undefined);
  }

  #attempt(delivery: Delivery): void {
    const attempt = { id: randomUUID(), delivery, number: delivery.sent };
    this.#attempts.set(attempt.id, { attempt, sentMs: performance.now() });
    if (!this.transport(attempt)) {
      this.#attempts.delete(attempt.id);
      this.#waiting.push(delivery);
      return;
    }
    delivery.sent += 1;
    this.#later(this.ackTimeoutMs, () => {
      const isSettled = this.#pending.get(delivery)?.isSettled ?? true;
      if (isSettled) return;
      if (delivery.kind === 'events_api' && attempt.number < this.retries) {
        if (delivery.sent === attempt.number + 1) this.again(delivery);
      } else this.#settle(delivery, undefined);
    });
  }

  #later(delayMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, delayMs);
    this.#timers.add(timer);
  }

  #settle(delivery: Delivery, ack: Ack | undefined): boolean {
    const pending = this.#pending.get(delivery);
    if (pending === undefined || pending.isSettled) return false;
    pending.isSettled = true;
    pending.settle(ack);
    return true;
  }
}
