import assert from 'node:assert/strict';
import type { Adapter } from '../adapter/adapter.js';
import { checkFileHosts } from '../media/file-hosts.js';
import { actionRules } from './action-contract.js';
import { announcementRules, type SeenPicture } from './announcement-contract.js';
import { Trial, targetOf } from './contract-trial.js';

/** A platform, or a stand-in for one, that an adapter is tried on. */
export interface AdapterFixture {
  /** Not started yet. */
  adapter: Adapter;
  /** A person posts a message that the bot should answer; gives the platform's id of it. */
  post(text: string, pictures?: readonly Uint8Array[]): Promise<string>;
  /** The platform delivers a message again, as platforms do when they miss the acknowledgement. */
  redeliver(messageId: string): Promise<void>;
  /** Where people can: they change or delete their message. */
  edit?(messageId: string, text: string): Promise<void>;
  delete?(messageId: string): Promise<void>;
  /** Where people can: they stop the answer to a message, or rate it. */
  stop?(messageId: string): Promise<void>;
  rate?(messageId: string, rating: 'up' | 'down'): Promise<void>;
  /** Where the platform has commands of its own: a person calls one that the adapter was told of. */
  command?(name: string, options: Record<string, string>): Promise<string>;
  /**
   * Where the platform has buttons: the labels of the actions below the answers to a message, in order, besides
   * buttons of the adapter's own.
   */
  actions?(messageId: string): Promise<string[]>;
  /**
   * Where the platform has buttons: a person presses the action with a label below the answer to a message, and
   * where it opens a dialog, changes these values in it, leaves the others as they are shown, and sends it. Gives
   * the id of the message that the call is handed over as.
   */
  press?(messageId: string, label: string, values: Record<string, string>): Promise<string>;
  /** What people see in a conversation besides answers; gives the texts in order. Default: not looked at. */
  announcements?(conversationKey: string): Promise<string[]>;
  /** Where posts can show pictures: those of announcements in a conversation, in order. */
  pictures?(conversationKey: string): Promise<SeenPicture[]>;
  /** Where a tenant can take the bot out: it does, and the adapter has the bot forget it. */
  leave?(tenant: string): Promise<void>;
  /** What people see of the bot's answers to a message, in order. */
  answers(messageId: string): Promise<string[]>;
  /** Ends the platform; the contract stops and closes the adapter before. */
  close?(): Promise<void>;
}

/** One rule of the contract; `run` throws an AssertionError when it is broken. */
export interface ContractCase {
  name: string;
  run(newFixture: () => Promise<AdapterFixture>): Promise<void>;
}

function rule(name: string, check: (trial: Trial) => Promise<void>): ContractCase {
  return {
    name,
    async run(newFixture) {
      const fixture = await newFixture();
      const trial = new Trial(fixture);
      try {
        await trial.start();
        await check(trial);
      } finally {
        await fixture.adapter.stop();
        await fixture.adapter.close?.();
        await fixture.close?.();
      }
    },
  };
}

/** Of adapters whose posts are how people see answers. */
function postRule(name: string, check: (trial: Trial) => Promise<void>): ContractCase {
  return rule(name, async (trial) => {
    if (!trial.adapter.capabilities.readsStore) await check(trial);
  });
}

/**
 * What every adapter keeps to. Use it with any test runner:
 * `it.each(adapterContract)('$name', ({ run }) => run(newFixture))`.
 */
export const adapterContract: readonly ContractCase[] = [
  rule('hands over what a person posts, with text, author and place', async (trial) => {
    const event = await trial.question('What is on the *table*?');
    assert.equal(event.text, 'What is on the *table*?');
    assert.notEqual(event.author.name, '');
    assert.ok(event.postedAtMs > 0);
  }),
  rule('hands over pictures whose bytes can be fetched', async (trial) => {
    const pictures = [Buffer.from('first'), Buffer.from('second')];
    const { attachments = [] } = await trial.question('And these?', pictures);
    assert.equal(attachments.length, pictures.length);
    const options = { maxBytes: 1000, signal: trial.signal };
    const fetched = attachments.map(
      ({ url }) =>
        trial.files.find((file) => file.url === url)?.bytes ?? trial.adapter.fetch?.(url, options),
    );
    for (const [index, bytes] of (await Promise.all(fetched)).entries())
      if (bytes !== undefined) assert.deepEqual(Buffer.from(bytes), pictures[index]);
  }),
  rule(
    'hands over pictures from the hosts that it says they come from, if it says so',
    async (trial) => {
      const { files, fetch } = trial.adapter;
      if (files === undefined) return;
      assert.equal(fetch, undefined, 'files is for adapters without a fetch of their own');
      const hosts = checkFileHosts(files.hosts);
      const { attachments = [] } = await trial.question('And this?', [Buffer.from('a picture')]);
      assert.equal(attachments.length, 1);
      for (const { url } of attachments)
        assert.ok(
          hosts.some(({ isMeant }) => isMeant(new URL(url))),
          `the picture at ${new URL(url).host} comes from one of ${hosts.map(({ host }) => host).join(', ')}`,
        );
    },
  ),
  rule('gives an event that is delivered again the same id', async (trial) => {
    const event = await trial.question();
    const before = trial.events.length;
    await trial.fixture.redeliver(event.messageId);
    while (trial.events.length === before) await pause(trial.signal);
    assert.deepEqual(new Set(trial.events.map(({ eventId }) => eventId)).size, 1);
  }),
  rule('gives different messages different ids', async (trial) => {
    const [one, two] = [await trial.question('One?'), await trial.question('Two?')];
    assert.notEqual(one.eventId, two.eventId);
    assert.notEqual(one.messageId, two.messageId);
    assert.equal(one.conversationKey, two.conversationKey);
  }),
  postRule('posts answers under the message, in order', async (trial) => {
    const event = await trial.question();
    await trial.post(event, 'One.', 'key-1');
    await trial.post(event, 'Two.', 'key-2');
    assert.deepEqual(await trial.fixture.answers(event.messageId), ['One.', 'Two.']);
  }),
  postRule('posts once for each key', async (trial) => {
    const event = await trial.question();
    const first = await trial.post(event, 'One.', 'key-1');
    assert.equal(await trial.post(event, 'One again.', 'key-1'), first);
    assert.deepEqual(await trial.fixture.answers(event.messageId), ['One.']);
  }),
  postRule('posts messages as long as it says it can', async (trial) => {
    const event = await trial.question();
    const text = 'x'.repeat(trial.adapter.capabilities.maxTextLength);
    await trial.post(event, text, 'key-1');
    assert.deepEqual(await trial.fixture.answers(event.messageId), [text]);
  }),
  rule('changes posted messages in place, if it says it can', async (trial) => {
    if (!trial.adapter.capabilities.editMessages) return;
    const event = await trial.question();
    const postId = await trial.post(event, 'On', 'key-1');
    const { signal } = trial;
    assert.ok(trial.adapter.edit, 'an adapter that can edit has an edit');
    await trial.adapter.edit({ ...targetOf(event), postId }, 'One.', { signal });
    assert.deepEqual(await trial.fixture.answers(event.messageId), ['One.']);
  }),
  rule('takes posted messages away, if it can', async (trial) => {
    if (trial.adapter.remove === undefined) return;
    const event = await trial.question();
    const postId = await trial.post(event, 'One.', 'key-1');
    await trial.adapter.remove({ ...targetOf(event), postId }, { signal: trial.signal });
    assert.deepEqual(await trial.fixture.answers(event.messageId), []);
  }),
  rule('hands over that a person changed a message, where people can', async (trial) => {
    if (trial.fixture.edit === undefined) return;
    const { messageId, eventId } = await trial.question();
    await trial.fixture.edit(messageId, 'Which form?');
    const edited = await trial.event('edited', messageId);
    assert.equal(edited.text, 'Which form?');
    assert.notEqual(edited.eventId, eventId);
  }),
  rule('hands over that a person deleted a message, where people can', async (trial) => {
    if (trial.fixture.delete === undefined) return;
    const { messageId, conversationKey } = await trial.question();
    await trial.fixture.delete(messageId);
    assert.equal((await trial.event('deleted', messageId)).conversationKey, conversationKey);
  }),
  rule('hands over that a person stopped an answer, where people can', async (trial) => {
    if (trial.fixture.stop === undefined) return;
    const { messageId, conversationKey } = await trial.question();
    await trial.fixture.stop(messageId);
    assert.equal((await trial.event('cancelled', messageId)).conversationKey, conversationKey);
  }),
  rule('hands over what a person thinks of an answer, where people can say', async (trial) => {
    if (trial.fixture.rate === undefined) return;
    const event = await trial.question();
    await trial.post(event, 'One.', 'key-1');
    await trial.fixture.rate(event.messageId, 'down');
    const { rating, author } = await trial.event('feedback', event.messageId);
    assert.equal(rating, 'down');
    assert.notEqual(author.id, '');
  }),
  rule('has a tenant forgotten that takes the bot out, where tenants can', async (trial) => {
    if (trial.fixture.leave === undefined) return;
    const { tenant } = await trial.question();
    await trial.fixture.leave(tenant);
    while (trial.forgotten.length === 0) await pause(trial.signal);
    assert.deepEqual(trial.forgotten, [tenant]);
  }),
  rule('hands over commands that people call, if it says it has them', async (trial) => {
    if (!trial.adapter.capabilities.commands) return;
    assert.ok(trial.fixture.command, 'a fixture of a platform with commands can call one');
    const messageId = await trial.fixture.command('colour', { of: 'the sky' });
    const { command } = await trial.event('message', messageId);
    assert.deepEqual(command, { name: 'colour', options: { of: 'the sky' } });
  }),
  ...actionRules(postRule, targetOf),
  ...announcementRules(rule),
  rule('posts nothing for a signal that is aborted', async (trial) => {
    const event = await trial.question();
    const target = { ...targetOf(event), text: 'One.', idempotencyKey: 'key-1' };
    await assert.rejects(trial.adapter.post(target, { signal: AbortSignal.abort() }));
    assert.deepEqual(await trial.fixture.answers(event.messageId), []);
  }),
];

async function pause(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
