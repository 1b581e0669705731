import { EventSourceParserStream } from 'eventsource-parser/stream';
import { request } from 'undici';
import { z } from 'zod';
import { bodyFor, type CompletionRequest } from './completion-request.js';
import type { CheckedServer } from './model-server.js';
import { refusal, ServerFailure } from './server-failure.js';

/** What a server says of an answer, piece by piece. */
export type CompletionPiece =
  | { type: 'text'; text: string }
  /** A part of a call; those with the same index belong together. */
  | { type: 'toolCall'; index: number; id: string; name: string; input: string }
  | { type: 'finish'; reason: string }
  | { type: 'usage'; promptTokens: number; answerTokens: number };

/** Bounds on waiting for a server. */
export interface ServerTimeouts {
  /** Until the first piece. */
  firstPieceMs: number;
  /** Between one piece and the next. */
  nextPieceMs: number;
}

/** A piece of a text has a few bytes; a server that sends this much without an end of line is broken. */
const maxEventBytes = 2 ** 20;
const maxErrorBytes = 2 ** 16;

const toolCallSchema = z.object({
  index: z.number().int().min(0).max(1000).default(0),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});

const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z
          .object({ content: z.string().nullish(), tool_calls: z.array(toolCallSchema).nullish() })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  usage: z
    .object({
      prompt_tokens: z.number().int().nonnegative(),
      completion_tokens: z.number().int().nonnegative(),
    })
    .nullish(),
  error: z.unknown().optional(),
});

/**
 * Asks one server and yields what it streams, up to and with the end of the answer.
 * Throws a {@link ServerFailure}; an aborted `signal` with its reason.
 * Source: https://platform.openai.com/docs/api-reference/chat/create
 */
export async function* streamCompletion(
  server: CheckedServer,
  asked: CompletionRequest,
  { firstPieceMs, nextPieceMs }: ServerTimeouts,
  signal: AbortSignal,
): AsyncGenerator<CompletionPiece> {
  const patience = new Patience(firstPieceMs);
  const hangUp = new AbortController();
  const stop = AbortSignal.any([signal, patience.signal, hangUp.signal]);
  try {
    const body = await open(server, asked, stop);
    for await (const data of eventsOf(body, stop)) {
      patience.renew(nextPieceMs);
      if (data === '[DONE]') return;
      yield* piecesOf(data);
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (patience.signal.aborted) throw new ServerFailure('timeout', { cause });
    throw cause instanceof ServerFailure ? cause : new ServerFailure('connection', { cause });
  } finally {
    patience.end();
    // The caller may have stopped reading before the end.
    hangUp.abort();
  }
}

async function open(
  server: CheckedServer,
  asked: CompletionRequest,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  // undici follows no redirect, so that key and pictures go nowhere else.
  const response = await request(`${server.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(server.apiKey !== undefined && { authorization: `Bearer ${server.apiKey}` }),
    },
    body: JSON.stringify(bodyFor(server, asked)),
    signal,
    // Waiting is bounded by `signal`.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  if (response.statusCode === 200) return response.body;
  throw refusal(response.statusCode, response.headers, await beginningOf(response.body));
}

async function beginningOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxErrorBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The data of each server-sent event. */
async function* eventsOf(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const events = ReadableStream.from(body)
    .pipeThrough(new TextDecoderStream(), { signal })
    .pipeThrough(
      new EventSourceParserStream({ maxBufferSize: maxEventBytes, onError: 'terminate' }),
    );
  for await (const { data } of events) yield data;
}

function* piecesOf(data: string): Generator<CompletionPiece> {
  const parsed = chunkSchema.safeParse(jsonOf(data));
  if (!parsed.success || parsed.data.error != null) throw new ServerFailure('nonsense');
  const [choice] = parsed.data.choices;
  const { usage } = parsed.data;
  const text = choice?.delta?.content ?? '';
  if (text !== '') yield { type: 'text', text };
  for (const { index, id, function: called } of choice?.delta?.tool_calls ?? []) {
    const { name, arguments: input } = called ?? {};
    yield { type: 'toolCall', index, id: id ?? '', name: name ?? '', input: input ?? '' };
  }
  if (choice?.finish_reason != null) yield { type: 'finish', reason: choice.finish_reason };
  if (usage != null) {
    yield {
      type: 'usage',
      promptTokens: usage.prompt_tokens,
      answerTokens: usage.completion_tokens,
    };
  }
}

function jsonOf(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

/** A clock that aborts when nothing came for too long. */
class Patience {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  renew(ms: number): void {
    this.end();
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
