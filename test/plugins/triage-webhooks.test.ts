import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openSqliteStore } from '@vistazo/core';
import { triage } from '@vistazo/plugins';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pictureOf } from '../core/bot/bot-fixture.ts';
import { startBot } from '../core/plugin/plugin-fixture.ts';
import { answerOf, desk } from './triage-fixture.ts';

const minute = 60_000;
const secret = 'a secret of this test';

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A receiver on this machine, and what it answers to each post, 200 after the last. */
async function receiver(...statuses: number[]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    const location = { location: `http://${request.headers.host}/elsewhere` };
    const status = statuses.shift() ?? 200;
    response.writeHead(status, status === 302 ? location : {}).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tickets`;
  return { received, url };
}

const rules = [{ when: {}, webhook: 'helpdesk' }];
const configOf = (url: string, allowAddresses = ['127.0.0.1']) => ({
  rules,
  webhooks: { helpdesk: { url, secret, allowAddresses } },
});

describe('webhooks of triage', () => {
  it('are sent a ticket as signed JSON, once, without a picture', async () => {
    const { received, url } = await receiver();
    const { bot, post } = await desk(configOf(url), { confidence: 0.5 });
    await post();
    expect(received).toEqual([]);
    await bot.clock.advance(minute);
    await bot.clock.advance(60 * minute);
    expect(received).toHaveLength(1);
    const { headers, body } = received[0] as Received;
    expect(JSON.parse(body)).toEqual({
      type: 'ticket.opened',
      ticket: {
        ...{ number: 1, incident: 1, status: 'open', product: 'Mail', screen: 'Outbox' },
        ...{ errorMessage: 'Error 500: see https://evil.example', errorCode: '500' },
        ...{ severity: 'high', language: 'en', confidence: 0.5, author: 'Ana' },
        ...{ summary: 'Ana cannot send mail.', nextStep: 'Restart the server.' },
        openedAt: '2026-01-01T00:00:00.000Z',
      },
      source: {
        ...{ tenant: 'tenant', adapter: 'memory', conversationKey: 'general' },
        messageId: expect.any(String),
      },
    });
    const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers;
    expect(headers['idempotency-key']).toBe(id);
    const signed = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`);
    expect(headers['webhook-signature']).toBe(`v1,${signed.digest('base64')}`);
  });

  it('are tried again after longer and longer, under the same id, until they take it', async () => {
    const { received, url } = await receiver(500, 302, 503);
    const { bot, post } = await desk(configOf(url), {});
    await post();
    await bot.clock.advance(30_000);
    expect(received).toHaveLength(1);
    await bot.clock.advance(30_000);
    expect(received).toHaveLength(2);
    await bot.clock.advance(30_000);
    expect(received).toHaveLength(2);
    await bot.clock.advance(60 * minute);
    expect(received).toHaveLength(4);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it('are given up after a day, which the log says without what was in the ticket', async () => {
    const { received, url } = await receiver(...Array.from({ length: 100 }, () => 500));
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const log = { level: 'warn' as const, destination };
    const { bot } = await startBot([triage(configOf(url))], { answers: [answerOf({})], log });
    await bot.ask('It broke!', { pictures: [await pictureOf(255)] });
    await bot.clock.advance(25 * 60 * minute);
    const tried = received.length;
    expect(tried).toBeGreaterThan(8);
    expect(tried).toBeLessThan(30);
    await bot.clock.advance(3 * 60 * minute);
    expect(received).toHaveLength(tried);
    expect(lines.at(-1)).toMatch(/given up/);
    expect(lines.join('\n')).not.toMatch(/evil|Ana|127\.0\.0\.1/);
  });

  it('get what was listed before the bot died, from the next one', async () => {
    const { received, url } = await receiver();
    const store = await openSqliteStore({ path: ':memory:' });
    onTestFinished(() => store.close());
    const plugins = () => [triage(configOf(url))];
    const { bot } = await startBot(plugins(), { store, answers: [answerOf({})] });
    await bot.ask('It broke!', { pictures: [await pictureOf(255)] });
    await bot.adapter.stop();
    const next = await startBot(plugins(), { store });
    await next.bot.clock.advance(minute);
    expect(received).toHaveLength(1);
  });

  it('are not sent the same message twice when it is changed', async () => {
    const { received, url } = await receiver();
    const { bot } = await desk(configOf(url), {}, {});
    const event = await bot.adapter.say('It broke!', { pictures: [await pictureOf(255)] });
    await bot.idle();
    await bot.clock.advance(minute);
    const edited = { ...event, type: 'edited', eventId: 'again', text: 'Really!' } as const;
    await bot.adapter.deliver(edited);
    await bot.idle();
    await bot.clock.advance(minute);
    expect(received).toHaveLength(1);
  });

  it('leave nothing behind of tickets that are forgotten', async () => {
    const { url } = await receiver();
    const { bot, post } = await desk(configOf(url), {});
    await post();
    await bot.clock.advance(minute);
    await bot.forget({ tenant: 'tenant', person: { adapter: 'memory', id: 'ana' } });
    const keys = await bot.store.pluginStorage('triage', 'tenant').keys();
    expect(keys).toEqual(['number 000000001']);
  });

  it('are sent nothing of a person who was forgotten before', async () => {
    const { received, url } = await receiver();
    const { bot, post } = await desk(configOf(url), {});
    await post();
    await bot.forget({ tenant: 'tenant', person: { adapter: 'memory', id: 'ana' } });
    await bot.clock.advance(minute);
    expect(received).toEqual([]);
  });

  it('reach no address that is not public, unless it is allowed', async () => {
    const { received, url } = await receiver();
    const { bot, post } = await desk(configOf(url, []), {});
    await post();
    await bot.clock.advance(60 * minute);
    expect(received).toEqual([]);
  });

  it.each([
    [
      'a webhook that is not there',
      [{ when: {}, webhook: 'nowhere' }],
      /"nowhere"; the bot has \[\]/,
    ],
    ['nothing', [{ when: {} }], /goes nowhere/],
  ])('refuse a rule that names %s', async (_, wrong, message) => {
    const { bot, faults } = await startBot([triage({ rules: wrong })]);
    expect(faults).toEqual([expect.stringMatching(message)]);
    expect(await bot.ask('/tickets')).not.toBe('There are none.');
  });

  it('are the operator’s: what a tenant configures reaches none besides', async () => {
    const { received, url } = await receiver();
    const { bot, faults } = await startBot([triage({})], { answers: [answerOf({})] });
    await bot.plugins.configure('tenant', 'triage', configOf(url));
    const card = await bot.ask('It broke!', { pictures: [await pictureOf(255)] });
    expect(card).toMatch(/^\*\*Ticket 1/);
    expect(faults).toEqual([expect.stringMatching(/names the webhook "helpdesk"/)]);
    await bot.clock.advance(minute);
    expect(received).toEqual([]);
  });
});
