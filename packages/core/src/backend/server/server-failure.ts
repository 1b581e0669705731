import { VistazoError } from '../../errors.js';
import type { ServerError } from './server-error.js';

/** Why a server gave no whole answer. */
export type FailureReason =
  | 'connection'
  | 'timeout'
  | 'nonsense'
  | 'cutOff'
  | 'busy'
  | 'fault'
  | 'notAllowed'
  | 'noCredit'
  | 'notFound'
  | 'notCompletion'
  | 'endless'
  | 'noPictures'
  | 'noTools'
  | 'optionRefused'
  | 'refused'
  | 'filtered'
  | 'tooLong';

interface FailureDetails {
  retryAfterMs?: number;
  cause?: unknown;
  /** What the server said. */
  error?: ServerError;
  /** The generation option that the server refuses. */
  option?: string;
}

/** Why a server gave no whole answer, and what another try may bring. @internal */
export class ServerFailure extends Error {
  /** `again`: later, or on another server; `elsewhere`: on another server only; `never`: nowhere. */
  readonly remedy: 'again' | 'elsewhere' | 'never';
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number;
  readonly reason: FailureReason;
  readonly error: ServerError | undefined;
  readonly #option: string;

  constructor(
    reason: FailureReason,
    { retryAfterMs = 0, cause, error, option = '' }: FailureDetails = {},
  ) {
    super(reason, { cause });
    this.reason = reason;
    this.remedy = remedies[reason];
    this.retryAfterMs = retryAfterMs;
    this.error = error;
    this.#option = option;
  }

  /** What a person is told; `host` names the server. */
  toVistazoError(host: string): VistazoError {
    return new VistazoError(
      codes[this.reason] ?? 'endpoint.failed',
      sentences[this.reason](host, this.#option),
      { cause: this },
    );
  }
}

const remedies: Record<FailureReason, ServerFailure['remedy']> = {
  connection: 'again',
  timeout: 'again',
  nonsense: 'again',
  cutOff: 'again',
  busy: 'again',
  fault: 'again',
  notAllowed: 'elsewhere',
  noCredit: 'elsewhere',
  notFound: 'elsewhere',
  notCompletion: 'elsewhere',
  endless: 'elsewhere',
  noPictures: 'elsewhere',
  noTools: 'elsewhere',
  optionRefused: 'elsewhere',
  refused: 'never',
  filtered: 'never',
  tooLong: 'never',
};

const codes: Partial<Record<FailureReason, VistazoError['code']>> = {
  noPictures: 'option.unsupported',
  noTools: 'option.unsupported',
  optionRefused: 'option.unsupported',
  tooLong: 'chat.tooLong',
};

const sentences: Record<FailureReason, (host: string, option: string) => string> = {
  connection: (host) =>
    `The model's server ${host} cannot be reached; start it, or mend its address.`,
  timeout: (host) => `The model's server ${host} took too long to answer; ask again later.`,
  nonsense: (host) =>
    `The model's server ${host} sent something other than a chat completion; check its address and version.`,
  cutOff: (host) => `The model's server ${host} broke off in the middle of its answer; ask again.`,
  busy: (host) => `The model's server ${host} has too much to do; ask again later.`,
  fault: (host) => `The model's server ${host} had a fault of its own; ask again later.`,
  notAllowed: (host) => `The model's server ${host} refused the key; mend the API key.`,
  noCredit: (host) =>
    `The account at the model's server ${host} has no credit left; add some, or use another server.`,
  notFound: (host) =>
    `The model's server ${host} does not know the model or the address; check both.`,
  notCompletion: (host) =>
    `The model's server ${host} sent something other than a chat completion; check its address and version.`,
  endless: (host) =>
    `The model's server ${host} did not end its answer; ask again, or check the server.`,
  noPictures: (host) =>
    `The model on the server ${host} takes no pictures; send text alone, or use a model that sees.`,
  noTools: (host) =>
    `The model on the server ${host} calls no tools; leave them out, or set \`tools\` to false.`,
  optionRefused: (host, option) =>
    `The model on the server ${host} does not take the option ${option}; leave it out.`,
  refused: (host) => `The model's server ${host} refused the request; its log says why.`,
  filtered: (host) => `The model's server ${host} withheld the answer; ask something else.`,
  tooLong: () =>
    'The conversation is longer than the model on the server reads; send fewer pictures or less text, or start a new conversation.',
};
