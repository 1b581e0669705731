import { describe, expect, it } from 'vitest';
import { freePort } from '../free-port.ts';
import { type Listening, listen, startFake } from './hearing.ts';

/** People mention the bot in several channels and write in their threads; gives what was said. */
function talk({ fake, ana, bot }: Listening, rounds: number, meanwhile: (round: number) => void) {
  const channels = Array.from({ length: 4 }, (_, each) => fake.addChannel(`c${each}`, [ana]));
  const said: string[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const channel of channels) {
      const files = [{ name: 'a.png' }];
      const text = `${channel} ${round}`;
      const { ts } = fake.people.post({ channel, user: ana, text: `${bot} ${text}`, files });
      fake.people.post({ channel, user: ana, text: `${text} more`, threadTs: ts });
      said.push(text, `${text} more`);
    }
    meanwhile(round);
  }
  return said;
}

const heard = ({ events }: Listening) =>
  events.flatMap((event) => (event.type === 'message' ? [event.text] : []));

describe('what Slack tells more than once', () => {
  it('is taken once in Socket Mode, though events come again and connections drop', async () => {
    const place = await startFake();
    const { outbox, socket } = place.fake;
    outbox.redeliveredShare = 0.2;
    outbox.ackTimeoutMs = 500;
    const setting = await listen({ on: place });
    const said = talk(setting, 6, (round) => {
      if (round === 1) socket.drop();
      if (round === 3) socket.announceEnd();
    });
    await outbox.untilSettled();
    await expect.poll(() => heard(setting).length, { timeout: 10_000 }).toBe(said.length);
    expect(heard(setting).toSorted()).toEqual(said.toSorted());
    expect(setting.events).toHaveLength(said.length);
    expect(outbox.deliveries.every(({ acks }) => acks.length > 0)).toBe(true);
  });

  it('is taken once over HTTP, with retries and their headers', async () => {
    const place = await startFake();
    const { outbox } = place.fake;
    outbox.redeliveredShare = 0.2;
    const port = await freePort();
    let failures = 5;
    const setting = await listen({
      on: place,
      appToken: undefined,
      signingSecret: place.fake.http.signingSecret,
      http: { port },
      receive: async () => {
        if (failures-- > 0) throw new Error('The disk is full.');
      },
    });
    place.fake.sendEventsTo(`http://127.0.0.1:${port}/slack/events`);
    const said = talk(setting, 4, () => {});
    await outbox.untilSettled();
    expect(heard(setting).toSorted()).toEqual(said.toSorted());
    expect(setting.events).toHaveLength(said.length);
    expect(outbox.deliveries.some(({ acks }) => acks.some(({ attempt }) => attempt > 0))).toBe(
      true,
    );
  });

  it('is acknowledged however long Slack takes to name people and to tell of threads', async () => {
    const place = await startFake();
    const { fake, ana, channel } = place;
    const { members } = fake.world.channel(channel);
    members.delete(fake.bot.botUserId);
    const roots = Array.from({ length: 5 }, (_, each) =>
      fake.people.post({ channel, user: ana, text: `root ${each}` }),
    );
    members.add(fake.bot.botUserId);
    const setting = await listen({ on: place });
    const never = new Promise<undefined>(() => {});
    const asked = new Set<string>();
    fake.api.intercept(({ method }) => {
      asked.add(method);
      return method === 'users.info' || method === 'conversations.replies' ? never : undefined;
    });
    for (const { ts } of roots)
      for (let each = 0; each < 10; each++)
        fake.people.post({
          channel,
          user: fake.addPerson(`Person ${each}`),
          text: `${setting.bot} Hi`,
          threadTs: ts,
        });
    await fake.outbox.untilSettled();
    expect(heard(setting)).toHaveLength(50);
    expect(asked).toEqual(new Set(['users.info', 'conversations.replies']));
    // Each at the first attempt: within the three seconds that Slack waits.
    expect(fake.outbox.deliveries.map(({ sent }) => sent)).toEqual(
      fake.outbox.deliveries.map(() => 1),
    );
  });
});
