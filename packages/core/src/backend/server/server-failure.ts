import { VistazoError } from '../../errors.js';

/** Why a server gave no whole answer, and what another try may bring. @internal */
export class ServerFailure extends Error {
  /** `again`: later, or on another server; `elsewhere`: on another server only; `never`: nowhere. */
  readonly remedy: 'again' | 'elsewhere' | 'never';
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number;
  readonly reason: FailureReason;

  constructor(
    reason: FailureReason,
    { retryAfterMs = 0, cause }: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(reason, { cause });
    this.reason = reason;
    this.remedy = remedies[reason];
    this.retryAfterMs = retryAfterMs;
  }

  /** What a person is told; `host` names the server. */
  toVistazoError(host: string): VistazoError {
    if (this.reason === 'tooLong') {
      return new VistazoError(
        'chat.tooLong',
        'The conversation is longer than the model on the server reads; send fewer pictures or less text, or start a new conversation.',
        { cause: this },
      );
    }
    return new VistazoError('endpoint.failed', sentences[this.reason](host), { cause: this });
  }
}

type FailureReason =
  | 'connection'
  | 'timeout'
  | 'nonsense'
  | 'cutOff'
  | 'busy'
  | 'fault'
  | 'notAllowed'
  | 'notFound'
  | 'refused'
  | 'filtered'
  | 'tooLong';

const remedies: Record<FailureReason, ServerFailure['remedy']> = {
  connection: 'again',
  timeout: 'again',
  nonsense: 'again',
  cutOff: 'again',
  busy: 'again',
  fault: 'again',
  notAllowed: 'elsewhere',
  notFound: 'elsewhere',
  refused: 'never',
  filtered: 'never',
  tooLong: 'never',
};

const sentences: Record<Exclude<FailureReason, 'tooLong'>, (host: string) => string> = {
  connection: (host) =>
    `The model's server ${host} cannot be reached; start it, or mend its address.`,
  timeout: (host) => `The model's server ${host} took too long to answer; ask again later.`,
  nonsense: (host) =>
    `The model's server ${host} sent something other than a chat completion; check its address and version.`,
  cutOff: (host) => `The model's server ${host} broke off in the middle of its answer; ask again.`,
  busy: (host) => `The model's server ${host} has too much to do; ask again later.`,
  fault: (host) => `The model's server ${host} had a fault of its own; ask again later.`,
  notAllowed: (host) => `The model's server ${host} refused the key; mend the API key.`,
  notFound: (host) =>
    `The model's server ${host} does not know the model or the address; check both.`,
  refused: (host) => `The model's server ${host} refused the request; its log says why.`,
  filtered: (host) => `The model's server ${host} withheld the answer; ask something else.`,
};

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The failure that an answer other than 200 means. @internal */
export function refusal(status: number, headers: Headers, body: string): ServerFailure {
  const cause = new Error(`HTTP ${status}`);
  const retryAfterMs = retryAfter(headers['retry-after']);
  if (status === 429) return new ServerFailure('busy', { retryAfterMs, cause });
  if (status === 408 || status >= 500) return new ServerFailure('fault', { retryAfterMs, cause });
  if (status === 401 || status === 403) return new ServerFailure('notAllowed', { cause });
  if (status === 404 || (status >= 300 && status < 400)) {
    return new ServerFailure('notFound', { cause });
  }
  // Servers agree on no code for this; their sentences all name the context.
  const tooLong = status === 413 || /context[ _](length|size|window)|maximum context/i.test(body);
  return new ServerFailure(tooLong ? 'tooLong' : 'refused', { cause });
}

/** Seconds or a date. Source: RFC 9110, section 10.2.3. */
function retryAfter(header: string | string[] | undefined): number {
  const value = Array.isArray(header) ? header[0] : header;
  if (value === undefined) return 0;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}
