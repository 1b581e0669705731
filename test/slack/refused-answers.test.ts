import { expect, it } from 'vitest';
import type { OwnAnswer } from './fake/web-api.ts';
import { listen } from './hearing.ts';

/** Asks, and gives what the adapter makes of Slack's answer to the post of the answer. */
async function postAnswered(answer: OwnAnswer) {
  const setting = await listen();
  const { fake, adapter, channel, ana, bot, event } = setting;
  const { ts } = fake.people.post({ channel, user: ana, text: `${bot} Which colour?` });
  const asked = await event('message', ts);
  fake.api.intercept(({ method }) => (method === 'chat.postMessage' ? answer : undefined));
  const post = { ...asked, text: 'Red.', idempotencyKey: 'f'.repeat(24) };
  const options = { signal: AbortSignal.timeout(60_000), completes: 'answer' } as const;
  const error: unknown = await adapter.post(post, options).catch((cause: unknown) => cause);
  return { error, notices: setting.notices, channel };
}

it.each(['invalid_blocks', 'msg_too_long', 'some_error_that_nobody_knows'])(
  'gives an answer up that Slack refuses for good, and tells the operator: %s',
  async (name) => {
    const { error, notices, channel } = await postAnswered({ body: { ok: false, error: name } });
    expect(error).toMatchObject({ code: 'platform.refused' });
    expect(notices).toEqual([
      `Slack refused a call for good: ${name}. It was an answer in the channel ${channel}. Its person is told so where possible, and the channel goes on.`,
    ]);
  },
);

it('gives an answer up that Slack refuses with an unknown status 4xx', async () => {
  const { error } = await postAnswered({ status: 413, body: {} });
  expect(error).toMatchObject({ code: 'platform.refused' });
});

it.each(['internal_error', 'team_added_to_org', 'service_unavailable'])(
  'tries an answer again that Slack refuses for now: %s',
  async (name) => {
    const { error, notices } = await postAnswered({ body: { ok: false, error: name } });
    expect(error).toMatchObject({ code: 'platform.failed' });
    expect(notices).toEqual([]);
  },
);

it.each([408, 503])('tries an answer again where Slack answers %i', async (status) => {
  const { error } = await postAnswered({ status, body: {} });
  expect(error).toMatchObject({ code: 'platform.failed' });
});
