import { request } from 'undici';
import { failureOf, refusal } from './classify-error.js';
import { type CompletionPiece, piecesOf, piecesOfWhole } from './completion-chunk.js';
import { eventsOf } from './event-stream.js';
import type { CheckedServer } from './model-server.js';
import { parsedJson, readError } from './server-error.js';
import { ServerFailure } from './server-failure.js';

/** Bounds on an answer of a server. @internal */
export interface AnswerBounds {
  /** Until the first piece. */
  firstPieceMs: number;
  /** Between one piece and the next. */
  nextPieceMs: number;
  /** Until the end. */
  wholeMs: number;
  /** Of all that comes, with all that stands around the text. */
  maxBytes: number;
}

const maxErrorBytes = 2 ** 16;
/** For token counts after the end of an answer; some servers neither send any nor hang up. */
const bookkeepingMs = 2000;

/**
 * Sends `body` to one server and yields what it streams, up to and with the end of the answer.
 * Throws a {@link ServerFailure}; an aborted `signal` with its reason.
 * Source: https://platform.openai.com/docs/api-reference/chat/create
 */
export async function* streamCompletion(
  server: CheckedServer,
  body: object,
  bounds: AnswerBounds,
  signal: AbortSignal,
): AsyncGenerator<CompletionPiece> {
  const patience = new Patience(bounds);
  const hangUp = new AbortController();
  const stop = AbortSignal.any([signal, patience.signal, hangUp.signal]);
  try {
    const response = await open(server, body, stop);
    for await (const piece of piecesOfResponse(response, bounds.maxBytes, patience)) {
      if (piece.type === 'finish') patience.renew(Math.min(bounds.nextPieceMs, bookkeepingMs));
      yield piece;
      if (piece.type === 'done') return;
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (patience.signal.aborted) throw new ServerFailure(patience.reason, { cause });
    throw cause instanceof ServerFailure ? cause : new ServerFailure('connection', { cause });
  } finally {
    patience.end();
    // The caller may have stopped reading before the end.
    hangUp.abort();
  }
}

interface OpenResponse {
  contentType: string;
  body: AsyncIterable<Uint8Array>;
}

async function open(
  server: CheckedServer,
  body: object,
  signal: AbortSignal,
): Promise<OpenResponse> {
  // undici follows no redirect, so that key and pictures go nowhere else.
  const response = await request(`${server.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(server.apiKey !== undefined && { authorization: `Bearer ${server.apiKey}` }),
    },
    body: JSON.stringify(body),
    signal,
    // Waiting is bounded by `signal`.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const { statusCode, headers } = response;
  if (statusCode < 200 || statusCode > 299)
    throw refusal(statusCode, headers, await beginningOf(response.body, maxErrorBytes));
  return { contentType: String(headers['content-type'] ?? ''), body: response.body };
}

async function* piecesOfResponse(
  { contentType, body }: OpenResponse,
  maxBytes: number,
  patience: Patience,
): AsyncGenerator<CompletionPiece> {
  if (contentType.startsWith('text/html')) throw new ServerFailure('notCompletion');
  if (contentType.startsWith('application/json')) {
    yield* piecesOfWhole(parsedJson(await beginningOf(body, maxBytes)));
    return;
  }
  for await (const event of eventsOf(body, maxBytes)) {
    patience.renewAfter(event.type === 'data');
    if (event.type === 'data') yield* piecesOfEvent(event);
  }
}

function* piecesOfEvent({
  name = 'message',
  data,
  isCut,
}: {
  name?: string | undefined;
  data: string;
  isCut: boolean;
}): Generator<CompletionPiece> {
  const text = data.trim();
  if (text === '') return;
  if (text === '[DONE]') return yield { type: 'done' };
  const value = parsedJson(text);
  if (name === 'error') throw failureOf(readError(value ?? text));
  if (value !== undefined) return yield* piecesOf(value);
  // Of other events, such as pings, nothing is known.
  if (!isCut && name === 'message') throw new ServerFailure('nonsense');
}

/** At most so many bytes. */
async function beginningOf(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Clocks that abort when nothing came for too long, or when the answer does not end. */
class Patience {
  readonly #controller = new AbortController();
  readonly #nextPieceMs: number;
  readonly #whole: NodeJS.Timeout;
  #timer: NodeJS.Timeout;
  #hasBegun = false;
  reason: 'timeout' | 'endless' = 'timeout';

  constructor({ firstPieceMs, nextPieceMs, wholeMs }: AnswerBounds) {
    this.#nextPieceMs = nextPieceMs;
    this.#timer = setTimeout(() => this.#controller.abort(), firstPieceMs);
    this.#whole = setTimeout(() => {
      this.reason = 'endless';
      this.#controller.abort();
    }, wholeMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A sign of life counts once the answer has begun. */
  renewAfter(isPiece: boolean): void {
    this.#hasBegun ||= isPiece;
    if (this.#hasBegun) this.renew(this.#nextPieceMs);
  }

  renew(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#whole);
  }
}
