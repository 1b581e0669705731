import { parsedJson, readError, type ServerError } from './server-error.js';
import { type FailureReason, ServerFailure } from './server-failure.js';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The failure that an answer other than 200 means. @internal */
export function refusal(status: number, headers: Headers, body: string): ServerFailure {
  const error = readError(parsedJson(body) ?? body, status);
  return failureOf(error, retryAfter(headers));
}

/** The failure that an error means, whether it came with a status or in the middle of an answer. @internal */
export function failureOf(error: ServerError, retryAfterMs = 0): ServerFailure {
  const reason = reasonOf(error);
  const cause = new Error(
    error.status === undefined ? 'error in an answer' : `HTTP ${error.status}`,
  );
  return new ServerFailure(reason, { retryAfterMs, cause, error });
}

/**
 * What servers say of a prompt that does not fit. They agree on neither status nor code: llama.cpp sends 400,
 * 500 or an event, vLLM 400, text-generation-inference 422, and Ollama, LM Studio, SGLang, OpenRouter and
 * LiteLLM have words of their own.
 */
const tooLong = [
  /context[ _-]?(length|size|window)|exceed_context|contextwindow|tokens_limit_reached/,
  /(maximum|max)[ _](model|prompt|input)[ _]?(length|len|tokens)|maximum (allowed|supported sequence) length/,
  /max_(model_len|seq_len|num_tokens)|exceeds (the )?(model )?max(imum)? length/,
  /(prompt|input|request|conversation)s? (is|are) too (long|large)|prompt too long|too large to process/,
  /too many (input )?tokens|token limit|maximum number of tokens|(body|request) too large/,
  /reduce the length of the (messages|prompt|input)|range of input length/,
  /`inputs` (tokens|must have)|too large for model|longer than the model|exceeds the limit of \d+ tokens/,
  /at most [1-9]\d* image/,
];
/** What a rate limit says of a request that is larger than the whole limit. */
const largerThanLimit = /request too large/;
const noCredit =
  /insufficient[ _]?(quota|credits?|balance|funds)|exceeded your current quota|billing|credit balance/;
const noPictures = [
  /(image|vision|multi-?modal)( input)?s? (is|are) not (supported|enabled)/,
  /(does not|doesn't|not) support (image|vision|multi-?modal)|support image input/,
  /not a multi-?modal model|at most 0 image|missing data required for image/,
  /image_url is only supported|unknown (variant|part type):? [`'"]?image|no vision/,
];
const noTools = [
  /(does not|doesn't|not) support (tool|function)|support tool use|tool choice requires/,
  /enable-auto-tool-choice|tools?( param)? (is|are) not supported|tools param requires/,
];
const filtered =
  /content[ _]?(filter|policy|management)|responsibleaipolicy|flagged|moderation|safety/;
const notFound =
  /model[ _'"`]?not[ _]?found|no models? (is |are )?loaded|invalid model name|model .{0,200} (not found|does not exist|not exist)/;
const busy = /rate[ _]?limit|overload|too many requests|unavailable|loading model|queue.{0,20}full/;
/** Said with a status of the server's own faults, though the request cannot be rendered or read. */
const unusable =
  /jinja|chat template|template error|template_error|must alternate|not_supported_error|invalid_request|badrequest|invalid_argument/;
const notAllowed = /authentication|invalid_api_key|permission|unauthori[sz]ed|forbidden/;

function reasonOf({ status, kind, message }: ServerError): FailureReason {
  const said = `${kind} ${message}`.toLowerCase();
  const says = (patterns: RegExp | readonly RegExp[]) =>
    [patterns].flat().some((pattern) => pattern.test(said));
  if (status === 402) return 'noCredit';
  if (status === 429 || (status === undefined && busy.test(kind))) {
    if (says(noCredit)) return 'noCredit';
    return says(largerThanLimit) ? 'tooLong' : 'busy';
  }
  if (status === 401) return 'notAllowed';
  if (status === 403) return says(filtered) ? 'filtered' : 'notAllowed';
  if (says(noPictures)) return 'noPictures';
  if (says(noTools)) return 'noTools';
  if (status === 413 || says(tooLong)) return 'tooLong';
  if (says(noCredit)) return 'noCredit';
  if (status !== undefined && status < 500 && says(filtered)) return 'filtered';
  if (filtered.test(kind)) return 'filtered';
  if (isNotFound(status) || says(notFound)) return 'notFound';
  return status === undefined ? reasonOfKind(kind, said) : reasonOfStatus(status, says(unusable));
}

function isNotFound(status = 0): boolean {
  return status === 404 || status === 405 || (status >= 300 && status < 400);
}

/** Of an error in an answer that names no status. */
function reasonOfKind(kind: string, said: string): FailureReason {
  if (notAllowed.test(kind)) return 'notAllowed';
  if (unusable.test(said)) return 'refused';
  return busy.test(said) ? 'busy' : 'fault';
}

function reasonOfStatus(status: number, isUnusable: boolean): FailureReason {
  if (status === 408 || status === 409 || status === 424 || status === 425) return 'fault';
  if (status < 500 || status === 501 || isUnusable) return 'refused';
  return status === 503 || status === 529 ? 'busy' : 'fault';
}

/** Seconds or a date, by the server's own clock where it tells it. Source: RFC 9110, section 10.2.3. */
function retryAfter(headers: Headers): number {
  const value = firstOf(headers['retry-after']);
  if (value === undefined) return 0;
  const seconds = Number(value);
  const saidAtMs = Date.parse(firstOf(headers.date) ?? '');
  const nowMs = Number.isNaN(saidAtMs) ? Date.now() : saidAtMs;
  const ms = Number.isNaN(seconds) ? Date.parse(value) - nowMs : seconds * 1000;
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
