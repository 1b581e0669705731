import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChatService,
  type ConversationId,
  createChatService,
  errorCodes,
  openSqliteStore,
  type Store,
} from '@vistazo/core';
import { startWebServer, type WebServer } from '@vistazo/web';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ScriptedModel } from '../../packages/core/src/testing/scripted-model.ts';
import { badPictures, goodPicture } from '../bad-pictures.ts';

let folder: string;
let store: Store;
let service: ChatService;
let server: WebServer;
let id: ConversationId;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-web-'));
  store = await openSqliteStore({ path: join(folder, 'chat.sqlite') });
  service = await createChatService({ model: new ScriptedModel(), store });
  server = await startWebServer({ service, model: service.model, port: 0 });
});

afterAll(async () => {
  await server.close();
  await service.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  ({ id } = await service.createConversation());
});

interface Failure {
  code: string;
  message: string;
}

interface Answer {
  status: number;
  /** What the answer ended with: the error of the request, or of the last event. */
  error?: Failure;
  events: { type: string; error?: Failure; conversation?: { messages: unknown[] } }[];
}

async function call(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${server.url}/api/${path}`, init);
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    return { status: response.status, events: [], ...(text === '' ? {} : JSON.parse(text)) };
  }
  const events: Answer['events'] = text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice('data: '.length)));
  const error = events.at(-1)?.error;
  return { status: response.status, events, ...(error !== undefined && { error }) };
}

function post(text: string, ...pictures: Uint8Array[]): Promise<Answer> {
  const form = new FormData();
  form.set('text', text);
  for (const bytes of pictures) form.append('pictures', new File([new Uint8Array(bytes)], 'a.png'));
  return call(`conversations/${id}/messages`, { method: 'POST', body: form });
}

const withJson = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** The conversation has nothing in it, and answers the next message. */
async function expectUnharmed(): Promise<void> {
  expect((await service.getConversation(id)).messages).toEqual([]);
  expect((await post('What?', await goodPicture())).events.at(-1)?.type).toBe('end');
  const { messages } = await service.getConversation(id);
  expect(messages.map(({ status }) => status)).toEqual(['done', 'done']);
}

describe('a message that cannot be answered is refused in one sentence, and nothing of it stays', () => {
  it.each(badPictures)('with $what', async ({ make, code, sentence }) => {
    const { events } = await post('What is it?', await goodPicture(), await make());
    const message = `Picture 2 of 2 (a.png): ${sentence}`;
    const picture = { number: 2, total: 2, name: 'a.png' };
    expect(events).toEqual([{ type: 'failed', error: { code, message, picture } }]);
    await expectUnharmed();
  });

  it.each([
    ['that is empty', [''], 'chat.empty', 'write something or add a picture'],
    ['of blanks', [' \n\t'], 'chat.empty', 'write something or add a picture'],
    ['of too many characters', ['x'.repeat(100_001)], 'chat.tooLong', 'at most 100000'],
  ] as const)('%s', async (_, [text], code, words) => {
    const { error } = await post(text);
    expect(error).toEqual({ code, message: expect.stringContaining(words) });
    await expectUnharmed();
  });

  it('with too many pictures', async () => {
    const picture = await goodPicture();
    const { error } = await post('What?', ...Array.from({ length: 11 }, () => picture));
    expect(error).toMatchObject({ code: 'chat.tooLong' });
    expect(error?.message).toContain('11 pictures; at most 10');
    await expectUnharmed();
  });

  it.each([
    ['JSON', { text: 'Hello' }],
    ['text', 'Hello'],
  ])('as %s instead of a form', async (_, body) => {
    const { status, error } = await call(`conversations/${id}/messages`, withJson('POST', body));
    expect([status, error?.code]).toEqual([400, 'option.invalid']);
    await expectUnharmed();
  });

  it('in a form cut off', async () => {
    const { status, error } = await call(`conversations/${id}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nHel',
    });
    expect([status, error?.code]).toEqual([400, 'option.invalid']);
    await expectUnharmed();
  });

  it('in a form whose text is a file or whose picture is a text', async () => {
    for (const [name, value] of [
      ['text', new File(['Hello'], 'a.txt')],
      ['pictures', 'a.png'],
    ] as const) {
      const body = new FormData();
      body.append(name, value);
      const { status, error } = await call(`conversations/${id}/messages`, {
        method: 'POST',
        body,
      });
      expect([status, error?.code]).toEqual([400, 'option.invalid']);
    }
    await expectUnharmed();
  });

  it('longer than the context: it stays with its failure, and the next one is answered', async () => {
    const { events, error } = await post('word '.repeat(19_000));
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['waiting', 'accepted']);
    expect(error).toEqual({
      code: 'chat.tooLong',
      message: expect.stringMatching(/^[^\n]+$/),
    });
    expect((await post('What?')).events.at(-1)?.type).toBe('end');
  });
});

describe('a request that is not valid names what is wrong', () => {
  it.each([
    ['no JSON', '{', 'not JSON'],
    ['no text', {}, 'text:'],
    ['a text of another type', { text: 7 }, 'text:'],
    ['a list', [], 'the whole:'],
  ])('an edit with %s', async (_, body, words) => {
    await post('Hello?');
    const [question] = (await service.getConversation(id)).messages;
    const { status, error } = await call(
      `conversations/${id}/messages/${question?.id}`,
      withJson('PUT', body),
    );
    expect([status, error?.code]).toEqual([400, 'option.invalid']);
    expect(error?.message).toContain(words);
  });

  it('an edit to nothing, an edit of an answer and a question answered again', async () => {
    await post('Hello?');
    const [question, answer] = (await service.getConversation(id)).messages;
    const path = `conversations/${id}/messages`;
    const emptied = await call(`${path}/${question?.id}`, withJson('PUT', { text: ' ' }));
    expect(emptied.error?.code).toBe('chat.empty');
    const edited = await call(`${path}/${answer?.id}`, withJson('PUT', { text: 'x' }));
    expect(edited.error?.code).toBe('option.invalid');
    const again = await call(`${path}/${question?.id}/regenerate`, { method: 'POST' });
    expect(again.error?.code).toBe('option.invalid');
    expect((await service.getConversation(id)).messages).toHaveLength(2);
  });

  it('too much JSON', async () => {
    const big = withJson('PUT', { text: 'x'.repeat(2 ** 21) });
    const { status } = await call(`conversations/${id}/messages/x`, big);
    expect(status).toBe(413);
  });

  const none = '00000000-0000-4000-8000-000000000000';
  it.each([
    ['GET', `conversations/${none}`],
    ['DELETE', `conversations/${none}`],
    ['GET', 'conversations/..%2f..'],
    ['GET', `pictures/sha256:${'0'.repeat(64)}`],
    ['GET', 'pictures/..%2f..%2fetc%2fpasswd'],
    ['GET', 'nowhere'],
    ['PATCH', 'conversations'],
  ])('%s %s is not there', async (method, path) => {
    const { status, error } = await call(path, { method });
    expect([status, error?.code]).toEqual([
      404,
      expect.stringMatching(/^(store\.notFound|picture\.missing)$/),
    ]);
  });

  it('whatever JSON is sent, the answer is a success or a documented refusal', async () => {
    await post('Hello?');
    const [question, answer] = (await service.getConversation(id)).messages;
    const messageId = fc.constantFrom(question?.id, answer?.id, none, 'x', '%00');
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.record({ rating: fc.jsonValue() }).map((each) => JSON.stringify(each)),
      fc
        .record({ messageId: fc.oneof(messageId, fc.jsonValue()) })
        .map((each) => JSON.stringify(each)),
    );
    const action = fc.constantFrom('rating', 'shown', 'edit', 'regenerate', 'stop');
    await fc.assert(
      fc.asyncProperty(action, messageId, body, async (what, message, sent) => {
        const base = `conversations/${id}`;
        const path = {
          rating: `${base}/messages/${message}/rating`,
          shown: `${base}/shown`,
          edit: `${base}/messages/${message}`,
          regenerate: `${base}/messages/${message}/regenerate`,
          stop: `${base}/stop`,
        }[what];
        const method = what === 'regenerate' || what === 'stop' ? 'POST' : 'PUT';
        const { status, error } = await call(path, withJson(method, sent));
        expect(status).toBeLessThan(500);
        expect(['none', ...Object.keys(errorCodes)]).toContain(error?.code ?? 'none');
        expect(error?.code).not.toBe('internal');
        if (error === undefined) expect(status).toBeLessThan(300);
      }),
      { numRuns: 100 },
    );
    expect((await post('What?')).events.at(-1)?.type).toBe('end');
  });
});

describe('docs/errors.md', () => {
  it('documents every code, and no other but those of the page', async () => {
    const docs = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const documented = [...docs.matchAll(/^\| `([\w.]+)`/gm)].map((match) => match[1]);
    expect(documented).toEqual([
      ...Object.keys(errorCodes),
      'access.secret',
      'access.refused',
      'access.tooFast',
    ]);
  });
});
