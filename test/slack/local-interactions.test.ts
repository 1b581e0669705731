import type { AdapterHost, PlatformEvent } from '@vistazo/core';
import { testHost } from '@vistazo/core/testing';
import { createSlackAdapter } from '@vistazo/slack';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LocalSlack, whyNoLocalSlack } from './local-slack.ts';

const [general, ana] = ['C0GENERAL00', 'U0ANA000000'];
const reason = whyNoLocalSlack === undefined ? '' : ` (left out: ${whyNoLocalSlack})`;

async function listen(host: Partial<AdapterHost> = {}) {
  const local = await LocalSlack.start();
  onTestFinished(() => local.stop());
  const events: PlatformEvent[] = [];
  const adapter = createSlackAdapter({
    botToken: local.app.botToken,
    appToken: local.app.appToken,
    slackApiUrl: local.apiUrl,
    notify: () => {},
  });
  await adapter.start(
    testHost({
      ...host,
      receive: async (event) => {
        events.push(event);
        return 'accepted';
      },
    }),
  );
  onTestFinished(async () => {
    await adapter.stop();
    await adapter.close?.();
  });
  return { local, adapter, events };
}

describe.skipIf(whyNoLocalSlack !== undefined)(`what people do on local-slack${reason}`, () => {
  it('hands over what buttons below an answer say', async () => {
    const { local, adapter, events } = await listen();
    const text = `<@${local.app.botUserId}> What is this?`;
    const { ts } = await local.post({ channel: general, user: ana, text });
    await vi.waitFor(() => expect(events.length).toBeGreaterThan(0), 10_000);
    const target = {
      tenant: 'T0LOCAL0000',
      conversationKey: `${general}:${ts}`,
      messageId: ts,
    };
    const signal = AbortSignal.timeout(60_000);
    const postId = await adapter.post(
      { ...target, text: 'A chart.', idempotencyKey: 'key' },
      { signal, completes: 'answer' },
    );
    const value = `vistazo up ${ts} ${ana}`;
    const action = { type: 'feedback_buttons', action_id: 'vistazo_rate', value };
    await local.press({ channel: general, messageTs: postId, user: ana, action });
    await vi.waitFor(
      () => expect(events.at(-1)).toMatchObject({ ...target, type: 'feedback', rating: 'up' }),
      10_000,
    );
    await vi.waitFor(async () => {
      const messages = await local.messages(general);
      expect(messages.find(({ ephemeral_to }) => ephemeral_to === ana)?.text).toBe('Thank you.');
    }, 10_000);
  });

  it('hands over slash commands, and asks for pictures in a modal', async () => {
    const { local, events } = await listen();
    await local.command({ channel: general, user: ana, command: '/ask', text: 'Why?' });
    await vi.waitFor(
      () => expect(events.at(-1)).toMatchObject({ type: 'message', text: 'Why?' }),
      10_000,
    );
    await local.command({ channel: general, user: ana, command: '/ask' });
    await vi.waitFor(async () => expect((await local.views()).modalStack).toHaveLength(1), 10_000);
    await local.submit(ana, {
      'option question': { question: { type: 'plain_text_input', value: 'And this?' } },
    });
    await vi.waitFor(
      () => expect(events.at(-1)).toMatchObject({ type: 'message', text: 'And this?' }),
      10_000,
    );
  });

  it("publishes the app's home", async () => {
    const { local } = await listen();
    await local.openHome(ana);
    await vi.waitFor(
      async () =>
        expect(JSON.stringify((await local.views()).homeViews)).toContain('Which model answers'),
      10_000,
    );
  });
});
