import { createParser } from 'eventsource-parser';
import { ServerFailure } from './server-failure.js';

/** What came of a stream of events; `alive` carries nothing. @internal */
export type StreamEvent =
  | { type: 'alive' }
  | {
      type: 'data';
      /** Of the event, where it has one. */
      name?: string | undefined;
      data: string;
      /** Whether the connection ended before the event did. */
      isCut: boolean;
    };

/** A piece of a text has a few bytes; a server that sends this much without an end of line is broken. */
const maxEventLength = 2 ** 20;

/**
 * Server-sent events, and what servers send in their place: lines of JSON, and `error:` as old versions of
 * llama.cpp name it. Throws a {@link ServerFailure} once more than `maxBytes` came. @internal
 */
export async function* eventsOf(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  const found: StreamEvent[] = [];
  let isCut = false;
  let isBroken = false;
  const add = (data: string, name?: string) => found.push({ type: 'data', name, data, isCut });
  const parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent: ({ data, event }) => add(data, event),
    onComment: () => found.push({ type: 'alive' }),
    onError({ type, field, value = '', line = '' }) {
      if (type === 'max-buffer-size-exceeded') isBroken = true;
      else if (field === 'error') add(value, 'error');
      else if (/^\s*[{<]/.test(line)) add(line);
    },
  });
  const feed = function* (text: string) {
    parser.feed(text);
    if (isBroken) throw new ServerFailure('nonsense');
    yield* found.splice(0);
  };
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new ServerFailure('endless');
    yield* feed(decoder.decode(chunk, { stream: true }));
  }
  isCut = true;
  yield* feed(`${decoder.decode()}\n\n`);
}
