/**
 * Every failure a user of Vistazo can meet, and what it means. `docs/errors.md` documents each one.
 * The command line maps them to exit codes, the chat page to sentences.
 */
export const errorCodes = {
  'option.invalid': 'An option has a value that is not allowed, or is not known.',
  'option.unsupported': 'An option is known but this model or backend cannot honour it.',
  'chat.invalid': 'Messages are not in the chat format.',
  'chat.empty': 'There is nothing to answer: no text and no picture.',
  'chat.tooLong': 'The prompt does not fit into the context of the model.',
  'chat.busy': 'Too many questions are waiting.',
  'picture.notAnImage': 'The bytes are not a picture, document or video of an accepted kind.',
  'picture.unsupported':
    'A file of this kind cannot be looked at on this machine, or the model cannot take a picture of this shape.',
  'picture.encrypted': 'The document is protected with a password.',
  'picture.empty': 'The picture has no bytes.',
  'picture.corrupt': 'The picture, document or video is cut off or damaged.',
  'picture.tooLarge':
    'The file has more bytes, pixels or minutes, or needs more memory, than allowed.',
  'picture.tooManyFrames': 'The animation or video has more frames than allowed.',
  'picture.timeout': 'Decoding the file took longer than allowed.',
  'picture.missing': 'A referenced picture is not in the store.',
  'fetch.refused': 'The address must not be fetched.',
  'fetch.failed': 'The address could not be fetched.',
  'file.unreadable': 'A file does not exist or cannot be read.',
  'model.notFound': 'The model folder or hub id does not exist.',
  'model.fileMissing': 'The model folder lacks a file.',
  'model.invalidConfig': 'A configuration file of the model is not valid.',
  'model.invalidGraph': 'An ONNX file is corrupt or has other tensors than expected.',
  'model.unsupported': 'The model is of a family that is not supported.',
  'model.outOfMemory': 'There is not enough memory for the model.',
  'engine.crashed': 'The engine process ended while it worked.',
  'engine.closed': 'The engine was closed.',
  'endpoint.failed': 'The server that runs the model failed, refused, or cannot be reached.',
  'generation.deadline': 'The answer was not ready before its deadline.',
  'generation.aborted': 'The request was aborted.',
  'answer.invalid': 'The model gave an answer that is not of the wanted form.',
  'store.failed': 'The store could not be read or written.',
  'store.notFound': 'The conversation or message does not exist.',
  'plugin.invalid': 'A plugin or its configuration is not valid.',
  'plugin.failed': 'A plugin failed or took too long; the bot goes on without it.',
  'platform.gone': 'The place is gone from the platform, or the bot may not write there.',
  'platform.refused':
    'The platform refuses the answer for good, or did not take it for as long as it was tried.',
  'platform.failed': 'The platform could not be reached, or refused a call.',
  'job.lost': 'Another process, or a change of the message, took the job over.',
  'server.failed': 'The chat page, or what a platform sends to the bot, could not be served.',
  'runtime.unsupported': 'The runtime is too old.',
  'runtime.missing': 'A library that local models need is not installed.',
  internal: 'A fault in Vistazo itself.',
} as const;

/** A documented failure code, such as `picture.corrupt`. */
export type ErrorCode = keyof typeof errorCodes;

/** Which picture of a message an error is about. */
export interface FaultyPicture {
  /** From 1. */
  number: number;
  /** How many the message has. */
  total: number;
  /** File name it was posted with, if any. */
  name?: string;
}

/** An error as it crosses process borders. */
export interface ErrorJson {
  code: ErrorCode;
  message: string;
  picture?: FaultyPicture;
}

/** Options of {@link VistazoError}. */
export interface VistazoErrorOptions {
  /** Which picture it is about, where there are several; the message names it too. */
  picture?: FaultyPicture;
  /** What caused it, kept for developers and never shown to chat users. */
  cause?: unknown;
}

/**
 * The one error class of Vistazo. `message` is one or two plain sentences that name the bad value,
 * what is allowed and the mend, fit to be shown to a person.
 */
export class VistazoError extends Error {
  readonly code: ErrorCode;
  readonly picture?: FaultyPicture;

  constructor(code: ErrorCode, message: string, options: VistazoErrorOptions = {}) {
    super(message, options);
    this.name = 'VistazoError';
    this.code = code;
    if (options.picture !== undefined) this.picture = options.picture;
  }

  /** A form that crosses process borders and JSON; {@link VistazoError.fromJSON} is its inverse. */
  toJSON(): ErrorJson {
    const { code, message, picture } = this;
    return { code, message, ...(picture !== undefined && { picture }) };
  }

  /** Rebuilds an error that was sent with {@link VistazoError.toJSON}. */
  static fromJSON({ code, message, picture }: ErrorJson): VistazoError {
    const options = picture === undefined ? {} : { picture };
    return new VistazoError(isErrorCode(code) ? code : 'internal', message, options);
  }
}

/** Whether `code` is one of the documented codes. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

/** `error` itself when it is a {@link VistazoError}, otherwise an `internal` one that wraps it. */
export function toVistazoError(error: unknown): VistazoError {
  if (error instanceof VistazoError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new VistazoError('internal', `Something went wrong inside Vistazo: ${message}`, {
    cause: error,
  });
}
