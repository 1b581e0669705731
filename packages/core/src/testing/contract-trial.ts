import assert from 'node:assert/strict';
import type { Adapter, ReceivedFile } from '../adapter/adapter.js';
import { type PlatformEvent, platformEventSchema } from '../adapter/platform-event.js';
import type { ReplyAction } from '../adapter/reply-action.js';
import { contractCommand } from './action-contract.js';
import type { AdapterFixture } from './adapter-contract.js';
import { testHost } from './test-host.js';

/** @internal */
export type MessageOf<Type> = Extract<PlatformEvent, { type: Type }>;

/** A started adapter with what it handed over. @internal */
export class Trial {
  readonly events: PlatformEvent[] = [];
  /** Files that came with events. */
  readonly files: ReceivedFile[] = [];
  /** Tenants that it had the bot forget. */
  readonly forgotten: string[] = [];
  readonly signal = AbortSignal.timeout(30_000);
  /** Of what was posted, by the ids of the posts. */
  readonly #actions = new Map<string, readonly ReplyAction[]>();
  #came = Promise.withResolvers<void>();

  constructor(readonly fixture: AdapterFixture) {}

  get adapter(): Adapter {
    return this.fixture.adapter;
  }

  async start(): Promise<void> {
    const host = testHost({
      commands: [contractCommand],
      receive: async (event, files = []) => {
        this.files.push(...files);
        const checked = platformEventSchema.parse(event);
        const isKnown = this.events.some(({ eventId }) => eventId === checked.eventId);
        this.events.push(checked);
        this.#came.resolve();
        this.#came = Promise.withResolvers();
        return isKnown ? 'known' : 'accepted';
      },
      actionsOf: async ({ postId }) => this.#actions.get(postId) ?? [],
      forget: async (tenant) => {
        this.forgotten.push(tenant);
      },
    });
    await this.adapter.start(host);
  }

  /** The first event of a kind about a message, once it comes. */
  async event<Type extends PlatformEvent['type']>(
    type: Type,
    messageId: string,
  ): Promise<MessageOf<Type>> {
    for (;;) {
      const came = this.#came.promise;
      const found = this.events.find(
        (event): event is MessageOf<Type> => event.type === type && event.messageId === messageId,
      );
      if (found !== undefined) return found;
      await Promise.race([came, rejectWhenAborted(this.signal, `no event ${type} came`)]);
    }
  }

  async question(text = 'Which colour?', pictures?: readonly Uint8Array[]) {
    return this.event('message', await this.fixture.post(text, pictures));
  }

  async post(
    event: MessageOf<'message'>,
    text: string,
    idempotencyKey: string,
    actions: readonly ReplyAction[] = [],
  ): Promise<string> {
    const post = { ...targetOf(event), text, idempotencyKey };
    const postId = await this.adapter.post(actions.length === 0 ? post : { ...post, actions }, {
      signal: this.signal,
    });
    this.#actions.set(postId, actions);
    return postId;
  }

  /** Somebody presses an action below the answer to a message; gives what is handed over. */
  async press(
    { messageId }: MessageOf<'message'>,
    label: string,
    values: Record<string, string>,
  ): Promise<MessageOf<'message'>> {
    assert.ok(this.fixture.press, 'a fixture of a platform with buttons can press one');
    return this.event('message', await this.fixture.press(messageId, label, values));
  }
}

/** Where the answer to a message goes. @internal */
export function targetOf({ tenant, conversationKey, messageId }: MessageOf<'message'>) {
  return { tenant, conversationKey, messageId };
}

function rejectWhenAborted(signal: AbortSignal, what: string): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new assert.AssertionError({ message: what })));
  });
}
