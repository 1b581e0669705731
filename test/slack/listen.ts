import type { Adapter, AdapterHost, PlatformEvent } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { onTestFinished, vi } from 'vitest';
import { adapterOn, requireQuiet } from './fake-fixture.ts';
import { FakeSlack } from './fake-slack.ts';

type EventOf<Type> = Extract<PlatformEvent, { type: Type }>;

/** A started adapter on the fake, and what it handed over. */
export interface Listening {
  fake: FakeSlack;
  adapter: Adapter;
  ana: string;
  /** Speaks Spanish. */
  ben: string;
  /** A channel with the bot and both. */
  general: string;
  events: PlatformEvent[];
  /** What an operator was told. */
  notices: string[];
  /** The first event of a kind, once it comes, or of them the first one about a message. */
  event<Type extends PlatformEvent['type']>(type: Type, messageId?: string): Promise<EventOf<Type>>;
  /** What a person alone was told last, once that is something else than `before`. */
  told(person: string, before?: string): Promise<string>;
}

/** Starts an adapter on the fake, for as long as the test runs. */
export async function listen({
  host = {},
  ...options
}: Parameters<typeof adapterOn>[1] & {
  /** In place of parts of a host that takes everything. */
  host?: Partial<AdapterHost>;
} = {}): Promise<Listening> {
  const fake = await FakeSlack.start();
  onTestFinished(() => fake.stop());
  const ana = fake.addPerson('ana');
  const ben = fake.addPerson('ben', { locale: 'es-ES' });
  const general = fake.addChannel('general', [ana, ben]);
  const notices: string[] = [];
  const events: PlatformEvent[] = [];
  const adapter = adapterOn(fake, { notify: (notice) => notices.push(notice), ...options });
  const { receive = async () => 'accepted' as const, ...rest } = host;
  await adapter.start(
    testHost({
      ...rest,
      receive: (event, files) => {
        events.push(event);
        return receive(event, files);
      },
    }),
  );
  onTestFinished(async () => {
    await adapter.stop();
    await adapter.close?.();
    requireQuiet(fake);
  });
  const told = (person: string, before = '') =>
    vi.waitFor(() => {
      const text = fake.ephemeral(person).at(-1)?.text ?? '';
      if (text === before) throw new Error('Nothing was told.');
      return text;
    }, 10_000);
  return { fake, adapter, ana, ben, general, events, notices, event: heardIn(events), told };
}

/** Asks the bot in a thread, and lets it answer; gives the ids of question and answer. */
export async function answered(
  { fake, adapter, ana, general, event }: Listening,
  { text = 'What is this?', answer = 'A chart.' } = {},
): Promise<{ asked: EventOf<'message'>; postId: string }> {
  const mention = `<@${fake.bot.botUserId}> ${text}`;
  const { ts } = fake.people.post({ channel: general, user: ana, text: mention });
  const asked = await event('message', ts);
  const { tenant, conversationKey, messageId } = asked;
  const target = { tenant, conversationKey, messageId };
  const signal = AbortSignal.timeout(60_000);
  const postId = await adapter.post(
    { ...target, text: answer, idempotencyKey: `key-${messageId}` },
    { signal, completes: 'answer' },
  );
  adapter.answering?.(target, { type: 'ended' });
  return { asked, postId };
}

/** Ends the adapter and starts another one on the same fake, which knows nothing of the first. */
export async function startAgain({
  fake,
  adapter,
}: Listening): Promise<Pick<Listening, 'adapter' | 'event'>> {
  await adapter.stop();
  await adapter.close?.();
  const next = adapterOn(fake);
  const events: PlatformEvent[] = [];
  await next.start(
    testHost({
      receive: async (event) => {
        events.push(event);
        return 'accepted';
      },
    }),
  );
  onTestFinished(async () => {
    await next.stop();
    await next.close?.();
  });
  return { adapter: next, event: heardIn(events) };
}

/** Finds events that were handed over, once they come. */
function heardIn(events: readonly PlatformEvent[]): Listening['event'] {
  return <Type extends PlatformEvent['type']>(type: Type, messageId?: string) =>
    vi.waitFor(() => {
      const found = events.find(
        (each): each is EventOf<Type> =>
          each.type === type && (messageId === undefined || each.messageId === messageId),
      );
      if (found === undefined) throw new Error(`No event ${type} came.`);
      return found;
    }, 10_000);
}
