import type {
  WireConversation,
  WireError,
  WireEvent,
  WireSession,
  WireSummary,
} from '../../src/wire.ts';

/** A failure that the page shows as a sentence. */
export class ApiError extends Error {
  readonly code: string;
  readonly picture?: WireError['picture'];

  constructor({ code, message, picture }: WireError) {
    super(message);
    this.code = code;
    if (picture !== undefined) this.picture = picture;
  }
}

async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`./api/${path}`, init).catch(() => {
    throw new ApiError({ code: 'connection', message: '' });
  });
  if (response.ok) return response;
  const { error }: { error?: WireError } = await response.json().catch(() => ({}));
  if (error !== undefined) throw new ApiError(error);
  // Said by what stands before a server that is away.
  const code = [502, 503, 504].includes(response.status) ? 'connection' : 'internal';
  throw new ApiError({ code, message: response.statusText });
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return (await request(path, init)).json();
}

const withJson = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

function formOf(text: string, pictures: readonly File[]): FormData {
  const form = new FormData();
  form.set('text', text);
  for (const picture of pictures) form.append('pictures', picture);
  return form;
}

/** The chat service over HTTP. Every call throws {@link ApiError}. */
export const api = {
  session: () => json<WireSession>('session'),
  logIn: (secret: string) => request('login', withJson('POST', { secret })),
  conversations: () => json<WireSummary[]>('conversations'),
  conversation: (id: string) => json<WireConversation>(`conversations/${encodeURIComponent(id)}`),
  deleteConversation: (id: string) => request(`conversations/${id}`, { method: 'DELETE' }),
  stop: (id: string) => request(`conversations/${id}/stop`, { method: 'POST' }),
  deleteMessage: (id: string, messageId: string) =>
    json<WireConversation>(`conversations/${id}/messages/${messageId}`, { method: 'DELETE' }),
  rate: (id: string, messageId: string, rating: 'up' | 'down' | null) =>
    json<WireConversation>(
      `conversations/${id}/messages/${messageId}/rating`,
      withJson('PUT', { rating }),
    ),
  show: (id: string, messageId: string) =>
    json<WireConversation>(`conversations/${id}/shown`, withJson('PUT', { messageId })),
  setConsent: (id: string, consent: boolean) =>
    json<WireConversation>(`conversations/${id}/consent`, withJson('PUT', { consent })),
  /** Begins a conversation, which the first event brings. */
  begin: (text: string, pictures: readonly File[]) =>
    events('conversations/begin', { method: 'POST', body: formOf(text, pictures) }),
  send: (id: string, text: string, pictures: readonly File[]) =>
    events(`conversations/${id}/messages`, { method: 'POST', body: formOf(text, pictures) }),
  edit: (id: string, messageId: string, text: string) =>
    events(`conversations/${id}/messages/${messageId}`, withJson('PUT', { text })),
  /** The events of the running answer from its beginning; none when none runs. */
  answer: (id: string) => events(`conversations/${id}/answer`),
  regenerate: (id: string, messageId: string) =>
    events(`conversations/${id}/messages/${messageId}/regenerate`, { method: 'POST' }),
};

/** Address of the bytes of a picture. */
export const pictureUrl = (id: string): string => `./api/pictures/${encodeURIComponent(id)}`;

async function* events(path: string, init?: RequestInit): AsyncGenerator<WireEvent> {
  const { body } = await request(path, init);
  if (body === null) return;
  let waiting = '';
  for await (const text of textOf(body)) {
    const blocks = (waiting + text).split('\n\n');
    waiting = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data: '));
      if (data !== undefined) yield JSON.parse(data.slice('data: '.length));
    }
  }
}

async function* textOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  try {
    yield* body.pipeThrough(new TextDecoderStream());
  } catch {
    throw new ApiError({ code: 'connection', message: '' });
  }
}
