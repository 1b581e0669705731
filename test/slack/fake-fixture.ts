import type { Adapter, AdapterFiles, PlatformEvent } from '@vistazo/core';
import type { AdapterFixture } from '@vistazo/core/testing';
import { createSlackAdapter, type SlackAdapterOptions } from '@vistazo/slack';
import { vi } from 'vitest';
import { z } from 'zod';
import { FakeSlack } from './fake-slack.ts';

type AdapterOptions = Omit<SlackAdapterOptions, 'botToken' | 'appToken' | 'slackApiUrl' | 'files'>;

/** How an adapter speaks with the fake in place of Slack, by Socket Mode. */
export function adapterOn(fake: FakeSlack, options: AdapterOptions = {}): Adapter {
  return createSlackAdapter({
    botToken: fake.bot.botToken,
    appToken: fake.appToken,
    notify: () => {},
    ...options,
    slackApiUrl: fake.apiUrl,
    files: filesOf(fake),
  });
}

/** Throws where a message that the adapter posted may mention people by their names, or show previews of links. */
export function requireQuiet(fake: FakeSlack): void {
  const noisy = (said: unknown) =>
    ['link_names', 'unfurl_links', 'unfurl_media'].filter(
      (field) => String(Object(said)[field]) !== 'false',
    );
  const posted = [...fake.api.callsOf('chat.postMessage'), ...fake.responses];
  const found = posted.flatMap(noisy);
  if (found.length > 0) throw new Error(`A message does not say false to ${found.join(', ')}.`);
}

/** Where the fake keeps files, in place of Slack. */
export function filesOf(fake: FakeSlack): AdapterFiles {
  return {
    hosts: [{ host: new URL(fake.origin).host }],
    allowAddress: (address) => address === '127.0.0.1',
  };
}

const labelledSchema = z.array(
  z.looseObject({
    elements: z
      .array(
        z.looseObject({
          action_id: z.string().default(''),
          text: z.looseObject({ text: z.string() }).or(z.string()).optional(),
        }),
      )
      .default([]),
  }),
);

/** Labels and actions of the buttons that plugins put below a message, in order. */
export function actionsOf(blocks: unknown): { label: string; actionId: string }[] {
  return labelledSchema
    .parse(blocks ?? [])
    .flatMap(({ elements }) => elements)
    .filter(({ action_id }) => action_id.startsWith('vistazo_call_'))
    .map(({ action_id, text }) => ({
      label: typeof text === 'object' ? text.text : '',
      actionId: action_id,
    }));
}

const shownSchema = z.array(
  z.looseObject({
    alt_text: z.string().default(''),
    slack_file: z.object({ id: z.string() }).optional(),
  }),
);

/** The uploaded pictures that a message shows, in order. */
export function picturesIn(fake: FakeSlack, blocks: unknown) {
  return shownSchema
    .parse(blocks ?? [])
    .flatMap(({ slack_file, alt_text: description }) =>
      slack_file === undefined ? [] : { bytes: fake.files.bytesOf(slack_file.id), description },
    );
}

/** For the contract of the core: a thread in which people ask. */
export async function fakeFixture(): Promise<AdapterFixture> {
  const fake = await FakeSlack.start();
  const ana = fake.addPerson('ana');
  const channel = fake.addChannel('general', [ana]);
  const { ts: threadTs } = fake.people.post({ channel, user: ana, text: 'Let us ask.' });
  const adapter = adapterOn(fake, { postPictures: true });
  const events: PlatformEvent[] = [];
  const start = adapter.start.bind(adapter);
  adapter.start = (host) =>
    start({
      ...host,
      receive: (event, files) => {
        events.push(event);
        return host.receive(event, files);
      },
    });
  const mention = (text: string) => `<@${fake.bot.botUserId}> ${text}`;
  const repliesTo = (messageId: string) =>
    fake
      .messages(channel, threadTs)
      .filter(({ ts, bot_id }) => bot_id !== undefined && Number(ts) > Number(messageId));
  /** Presses a button of the adapter, which need not be shown. */
  const pressOwn = (action: string, messageId: string) =>
    fake.outbox.send('interactive', {
      type: 'block_actions',
      team: { id: fake.team.id },
      user: { id: ana, name: 'ana', team_id: fake.team.id },
      api_app_id: fake.world.appId,
      trigger_id: fake.interactions.triggers.issue(ana),
      channel: { id: channel, name: 'general' },
      message: { ts: messageId, thread_ts: threadTs },
      actions: [
        {
          type: 'button',
          action_id: `vistazo_${action}`,
          block_id: 'answer',
          action_ts: fake.world.nextTs(),
          value: `vistazo ${action} ${messageId} ${ana}`,
        },
      ],
    }).settled;
  /** Does something that calls a command; gives what core knows the call by. */
  const called = async (work: () => Promise<unknown>) => {
    const before = events.length;
    await work();
    return vi.waitFor(() => {
      const [event] = events.slice(before);
      if (event === undefined) throw new Error('nothing was handed over');
      return event.messageId;
    });
  };
  return {
    adapter,
    post: async (text, pictures = []) =>
      fake.people.post({
        channel,
        user: ana,
        text: mention(text),
        threadTs,
        files: pictures.map((bytes, index) => ({ name: `picture-${index + 1}.png`, bytes })),
      }).ts,
    async redeliver(messageId) {
      const delivery = fake.outbox.deliveries.find(
        ({ payload: { event } }) =>
          typeof event === 'object' && event !== null && 'ts' in event && event.ts === messageId,
      );
      if (delivery !== undefined) fake.outbox.again(delivery);
    },
    edit: async (messageId, text) => void fake.people.edit(channel, messageId, mention(text)),
    delete: async (messageId) => fake.people.delete(channel, messageId),
    stop: async (messageId) => void (await pressOwn('stop', messageId)),
    rate: async (messageId, rating) => void (await pressOwn(rating, messageId)),
    command: (name, options) =>
      called(() => {
        const written = Object.entries(options).map(([key, value]) => `${key}="${value}"`);
        return fake.interactions.command(ana, channel, `/${name}`, written.join(' '));
      }),
    actions: async (messageId) =>
      repliesTo(messageId).flatMap(({ blocks }) => actionsOf(blocks).map(({ label }) => label)),
    press: (messageId, label, values) =>
      called(async () => {
        for (const { ts, blocks } of repliesTo(messageId)) {
          const action = actionsOf(blocks).find((each) => each.label === label);
          if (action === undefined) continue;
          const before = events.length;
          await fake.interactions.press({ channel, ts, user: ana, actionId: action.actionId });
          const modal = await vi.waitFor(() => {
            const opened = fake.openView(ana);
            if (opened === undefined && events.length === before) throw new Error('nothing came');
            return opened;
          });
          if (modal === undefined) return;
          await fake.interactions.submit(ana, values);
          return;
        }
        throw new Error(`There is no button ${label}.`);
      }),
    leave: async (tenant) => fake.tell({ type: 'app_uninstalled' }, tenant),
    pictures: async () => repliesTo(threadTs).flatMap(({ blocks }) => picturesIn(fake, blocks)),
    announcements: async () => repliesTo(threadTs).map(({ text }) => text),
    answers: async (messageId) => repliesTo(messageId).map(({ text }) => text),
    close: () => fake.stop(),
  };
}
