import { constants } from 'node:os';
import { type ErrorCode, isErrorCode, VistazoError } from '../errors.js';

/** What may be told of an error without telling what it quotes. @internal */
export interface Fault {
  code: ErrorCode;
  /** Name of the operating system's or resolver's failure, such as `ECONNREFUSED`. */
  system?: string;
  /** HTTP status of a platform's answer. */
  status?: number;
  /** How long the platform wants to be left alone. */
  retryAfterMs?: number;
}

const systemCodes = new Set([...Object.keys(constants.errno), 'ENOTFOUND', 'EAI_AGAIN']);

/** An error by its code and numbers; its message may quote people. @internal */
export function faultOf(error: unknown): Fault {
  const fault: Fault = { code: codeOf(error) };
  for (const { code, status, retryAfterMs } of withCauses(error)) {
    if (typeof code === 'string' && systemCodes.has(code)) fault.system ??= code;
    if (isStatus(status)) fault.status ??= status;
    if (typeof retryAfterMs === 'number' && retryAfterMs >= 0) fault.retryAfterMs ??= retryAfterMs;
  }
  return fault;
}

/** A documented code, whatever the error says that it is. @internal */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof VistazoError && isErrorCode(error.code) ? error.code : 'internal';
}

interface Told {
  code?: unknown;
  status?: unknown;
  retryAfterMs?: unknown;
  cause?: unknown;
}

/** Causes may go in a circle. */
const maxCauses = 5;

function withCauses(error: unknown): Told[] {
  const all: Told[] = [];
  for (let next = error; isObject(next) && all.length < maxCauses; next = next.cause)
    all.push(next);
  return all;
}

function isObject(value: unknown): value is Told {
  return typeof value === 'object' && value !== null;
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 599;
}
