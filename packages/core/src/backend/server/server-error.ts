/** What a server says of an error, whatever form it has. Nothing of it is shown to people or logged. @internal */
export interface ServerError {
  /** The HTTP status, or what the error itself names as such; undefined where neither says. */
  status: number | undefined;
  /** Kind and code in one, lower case, such as `invalid_request_error context_length_exceeded`. */
  kind: string;
  /** The part of the request that it is about; empty where it names none. */
  parameter: string;
  message: string;
}

/** More of an error says nothing more, and is not searched. */
const maxTextLength = 4000;
/** Proxies wrap the errors of servers behind them. */
const maxDepth = 8;

/**
 * Reads an error as OpenAI (`{ error: { message, type, param, code } }`), vLLM (`{ object: 'error', … }`),
 * text-generation-inference (`{ error, error_type }`), FastAPI (`{ detail }`), Ollama (`{ error: '…' }`),
 * OpenRouter (`{ error: { metadata: { raw } } }`) or plain text write it. @internal
 */
export function readError(given: unknown, status?: number): ServerError {
  const found = { kinds: [], codes: [], parameters: [], messages: [] };
  collect(given, found, 0);
  const { kinds, codes, parameters, messages }: Found = found;
  return {
    status: status ?? codes.find((code) => code >= 400 && code < 600),
    kind: joined(kinds).toLowerCase(),
    parameter: joined(parameters),
    message: joined(messages),
  };
}

/** Whether a JSON value in place of a chat completion is an error. @internal */
export function isError(value: Readonly<Record<string, unknown>>): boolean {
  const { error } = value;
  const isNone = error == null || error === false || error === '';
  if (!isNone && JSON.stringify(error) !== '{}') return true;
  return value.object === 'error' || (value.choices === undefined && value.detail != null);
}

interface Found {
  kinds: string[];
  codes: number[];
  parameters: string[];
  messages: string[];
}

function collect(given: unknown, found: Found, depth: number): void {
  if (depth > maxDepth || given == null) return;
  if (typeof given === 'string') {
    const inner = given.trimStart().startsWith('{') ? parsedJson(given) : undefined;
    if (inner === undefined) found.messages.push(given.slice(0, maxTextLength));
    else collect(inner, found, depth + 1);
  } else if (Array.isArray(given)) {
    for (const each of given.slice(0, 10)) collect(each, found, depth + 1);
  } else if (typeof given === 'object') {
    collectFields(new Map(Object.entries(given)), found, depth);
  }
}

function collectFields(fields: ReadonlyMap<string, unknown>, found: Found, depth: number): void {
  for (const name of ['type', 'error_type', 'code', 'status', 'status_code']) {
    const value = fields.get(name);
    const code = typeof value === 'number' ? value : Number(value || Number.NaN);
    if (Number.isInteger(code)) found.codes.push(code);
    else if (typeof value === 'string') found.kinds.push(value);
  }
  for (const name of ['param', 'loc']) {
    const value = fields.get(name);
    if (typeof value === 'string') found.parameters.push(value);
    if (Array.isArray(value)) found.parameters.push(value.map(String).join('.'));
  }
  for (const name of ['message', 'msg', 'error', 'errors', 'detail', 'metadata', 'raw'])
    collect(fields.get(name), found, depth + 1);
}

function joined(texts: readonly string[]): string {
  return texts.join(' ').slice(0, maxTextLength);
}

/** Undefined where a text is no JSON. @internal */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
