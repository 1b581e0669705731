import {
  type ChatEvent,
  type ChatService,
  type ConversationId,
  conversationIdSchema,
  imageIdSchema,
  type Logger,
  messageIdSchema,
  type NewPicture,
  toVistazoError,
  VistazoError,
} from '@vistazo/core';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { toWireConversation, toWireEvents, toWireSummary } from './to-wire.js';
import type { WireEvent, WireSession } from './wire.js';

/** What the API needs besides the service. */
export interface ApiOptions {
  service: ChatService;
  session: WireSession;
  /** Where failures are told that people who chat can do nothing about. */
  log: Pick<Logger, 'error'>;
}

const textSchema = z.object({ text: z.string() });
const ratingSchema = z.object({ rating: z.enum(['up', 'down']).nullable() });
const consentSchema = z.object({ consent: z.boolean() });
const shownSchema = z.object({ messageId: messageIdSchema });
const maxJsonBytes = 2 ** 20;

/** The chat service over HTTP: JSON, and server-sent events for answers. */
export function createApi({ service, session, log }: ApiOptions): Hono {
  const api = new Hono();
  const uploads = bodyLimit({
    maxSize: session.maxUploadBytes * session.maxPictures + maxJsonBytes,
    onError: (context) => failUnread(context, tooLarge(session)),
  });
  const small = bodyLimit({
    maxSize: maxJsonBytes,
    onError: (context) => failUnread(context, tooLarge(session)),
  });
  const shown = async (context: Context) =>
    context.json(toWireConversation(await service.getConversation(conversationOf(context))));
  const tell = (error: unknown): VistazoError => {
    const told = toVistazoError(error);
    // Contents stay out of logs; who reads them looks the code up.
    if (isForOperator(told)) log.error({ code: told.code }, 'page request failed');
    return told;
  };
  const streamOf = (context: Context, id: ConversationId, events: AsyncIterable<ChatEvent>) =>
    streamAnswer(context, toWireEvents(service, id, events), tell);
  const stream = (context: Context, events: AsyncIterable<ChatEvent>) =>
    streamOf(context, conversationOf(context), events);

  api.onError((error, context) => fail(context, tell(error)));
  api.get('/session', (context) => context.json(session));
  api.get('/conversations', async (context) =>
    context.json((await service.listConversations()).map(toWireSummary)),
  );
  api.post('/conversations', async (context) =>
    context.json(toWireSummary(await service.createConversation()), 201),
  );
  api.post('/conversations/begin', uploads, async (context) => {
    const { id, events } = service.begin(await readMessage(context, session));
    return streamOf(context, id, events);
  });
  api.get('/conversations/:id', shown);
  api.delete('/conversations/:id', async (context) => {
    await service.deleteConversation(conversationOf(context));
    return context.body(null, 204);
  });
  api.post('/conversations/:id/messages', uploads, async (context) => {
    const message = await readMessage(context, session);
    return stream(context, service.send(conversationOf(context), message));
  });
  api.put('/conversations/:id/messages/:messageId', small, async (context) => {
    const change = await readJson(context, textSchema);
    return stream(context, service.edit(conversationOf(context), messageOf(context), change));
  });
  api.post('/conversations/:id/messages/:messageId/regenerate', (context) =>
    stream(context, service.regenerate(conversationOf(context), messageOf(context))),
  );
  api.delete('/conversations/:id/messages/:messageId', async (context) => {
    await service.deleteMessage(conversationOf(context), messageOf(context));
    return shown(context);
  });
  api.put('/conversations/:id/messages/:messageId/rating', small, async (context) => {
    const { rating } = await readJson(context, ratingSchema);
    await service.rate(conversationOf(context), messageOf(context), rating);
    return shown(context);
  });
  api.put('/conversations/:id/consent', small, async (context) => {
    const { consent } = await readJson(context, consentSchema);
    await service.setConsent(conversationOf(context), consent);
    return shown(context);
  });
  api.put('/conversations/:id/shown', small, async (context) => {
    const { messageId } = await readJson(context, shownSchema);
    await service.show(conversationOf(context), messageId);
    return shown(context);
  });
  api.get('/conversations/:id/answer', (context) => {
    const events = service.follow(conversationOf(context));
    return events === undefined ? context.body(null, 204) : stream(context, events);
  });
  api.post('/conversations/:id/stop', async (context) => {
    await service.stop(conversationOf(context));
    return context.body(null, 204);
  });
  api.get('/pictures/:id', async (context) => {
    const { bytes, mediaType } = await service.picture(
      checked(imageIdSchema, context.req.param('id')),
    );
    return context.body(new Uint8Array(bytes), 200, {
      'Content-Type': mediaType,
      'Cache-Control': 'private, max-age=31536000, immutable',
    });
  });
  // notFound() of an app that is mounted in another one is never asked.
  api.all('*', (context) =>
    fail(context, new VistazoError('store.notFound', 'There is nothing at this address.')),
  );
  return api;
}

function conversationOf(context: Context) {
  return checked(conversationIdSchema, context.req.param('id'));
}

function messageOf(context: Context) {
  return checked(messageIdSchema, context.req.param('messageId'));
}

function checked<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new VistazoError('store.notFound', 'There is no such conversation, message or picture.');
}

async function readJson<T extends z.ZodType>(context: Context, schema: T): Promise<z.output<T>> {
  const body: unknown = await context.req.json().catch((cause: unknown) => {
    throw new VistazoError('option.invalid', 'The request is not JSON.', { cause });
  });
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join('.') || 'the whole';
  throw new VistazoError(
    'option.invalid',
    `The request is not valid: ${place}: ${issue?.message}.`,
  );
}

async function readMessage(
  context: Context,
  session: WireSession,
): Promise<{ text: string; pictures: NewPicture[] }> {
  const form = await context.req.formData().catch((cause: unknown) => {
    throw new VistazoError('option.invalid', 'The request is not a form with text and pictures.', {
      cause,
    });
  });
  const text = form.get('text') ?? '';
  const files = form.getAll('pictures').filter((entry) => entry instanceof File);
  if (typeof text !== 'string' || files.length < form.getAll('pictures').length) {
    throw new VistazoError(
      'option.invalid',
      'The form is not valid: text is a text, and pictures are files.',
    );
  }
  if (files.some(({ size }) => size > session.maxUploadBytes)) throw tooLarge(session);
  const pictures = await Promise.all(
    files.map(async (file) => ({
      bytes: new Uint8Array(await file.arrayBuffer()),
      name: file.name,
    })),
  );
  return { text, pictures };
}

function tooLarge({ maxUploadBytes, maxPictures }: WireSession): VistazoError {
  return new VistazoError(
    'picture.tooLarge',
    `The message is too large; at most ${maxPictures} pictures of ${Math.floor(maxUploadBytes / 2 ** 20)} MB each are accepted.`,
  );
}

/** Failures that only the operator can mend. */
function isForOperator({ code }: VistazoError): boolean {
  return /^(store\.failed|internal|model\.|endpoint\.|server\.)/.test(code);
}

function streamAnswer(
  context: Context,
  events: AsyncIterable<WireEvent>,
  tell: (error: unknown) => VistazoError,
): Response {
  return streamSSE(context, async (stream) => {
    const write = (event: object) => stream.writeSSE({ data: JSON.stringify(event) });
    try {
      for await (const event of events) await write(event);
    } catch (error) {
      await write({ type: 'failed', error: tell(error).toJSON() });
    }
  });
}

type FailureStatus = 400 | 404 | 413 | 422 | 500 | 503;

const statusOfCode: Partial<Record<string, FailureStatus>> = {
  'store.notFound': 404,
  'picture.missing': 404,
  'picture.tooLarge': 413,
  'option.invalid': 400,
  'chat.empty': 400,
  'engine.closed': 503,
};

function fail(
  context: Context,
  error: VistazoError,
  status: FailureStatus = statusOfCode[error.code] ?? (error.code === 'internal' ? 500 : 422),
): Response {
  return context.json({ error: error.toJSON() }, status);
}

/** The rest of the request is not read, so that the connection is of no more use. */
export function failUnread(context: Context, error: VistazoError, status?: 413): Response {
  context.header('Connection', 'close');
  return fail(context, error, status);
}
