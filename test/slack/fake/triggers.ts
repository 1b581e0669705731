import { Refusal } from './methods.ts';

/** Trigger ids: each opens one modal, within three seconds of what a person did. */
export class Triggers {
  /** How long they last. Default 3,000 ms, as Slack. */
  lifeMs = 3000;
  readonly #known = new Map<string, { userId: string; atMs: number; isUsed: boolean }>();

  issue(userId: string): string {
    const id = `${this.#known.size + 1}.fake.trigger`;
    this.#known.set(id, { userId, atMs: Date.now(), isUsed: false });
    return id;
  }

  /** Whose it is; throws what Slack answers where it cannot be used. */
  take(id: string): string {
    const trigger = this.#known.get(id);
    if (trigger === undefined) throw new Refusal('invalid_trigger_id');
    if (trigger.isUsed) throw new Refusal('exchanged_trigger_id');
    if (Date.now() - trigger.atMs > this.lifeMs) throw new Refusal('expired_trigger_id');
    trigger.isUsed = true;
    return trigger.userId;
  }
}
