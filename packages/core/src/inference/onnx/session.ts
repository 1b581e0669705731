import * as ort from 'onnxruntime-node';
import { VistazoError } from '../../errors.js';

/** A loaded ONNX graph. */
export type OnnxSession = ort.InferenceSession;

/** How sessions run. */
export interface SessionOptions {
  /** Threads of one operator, ≥ 1. Default: one for each core. */
  intraOpThreads?: number;
}

/** Loads the graph at `path`. Throws `model.invalidGraph` or `model.outOfMemory`. */
export async function openSession(
  path: string,
  { intraOpThreads }: SessionOptions = {},
): Promise<OnnxSession> {
  try {
    return await ort.InferenceSession.create(path, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      ...(intraOpThreads !== undefined && { intraOpNumThreads: intraOpThreads }),
    });
  } catch (cause) {
    throw sessionError(path, cause);
  }
}

function sessionError(path: string, cause: unknown): VistazoError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const reason = message.replace(/\s+/g, ' ').trim();
  if (/alloc|memory/i.test(reason)) {
    return new VistazoError(
      'model.outOfMemory',
      `There is not enough memory to load ${path}; choose a smaller variant such as q4.`,
      { cause },
    );
  }
  return new VistazoError(
    'model.invalidGraph',
    `${path} cannot be loaded by ONNX Runtime; the file is damaged or incomplete. Download the model again. (${reason})`,
    { cause },
  );
}

/** A tensor that a graph takes or gives. */
export interface TensorSpec {
  name: string;
  type: ort.Tensor.Type;
  /** A number where the size is fixed, a name where it is free. */
  shape: readonly (number | string)[];
}

/** The tensors a graph takes. */
export function inputsOf(session: OnnxSession): TensorSpec[] {
  return session.inputMetadata
    .filter((each) => each.isTensor)
    .map(({ name, type, shape }) => ({ name, type, shape }));
}

/** The tensors a graph gives. */
export function outputsOf(session: OnnxSession): TensorSpec[] {
  return session.outputMetadata
    .filter((each) => each.isTensor)
    .map(({ name, type, shape }) => ({ name, type, shape }));
}

/** The spec called `name`. Throws `model.invalidGraph` naming the tensors there are. */
export function requireTensor(
  specs: readonly TensorSpec[],
  name: string,
  graph: string,
  rank?: number,
): TensorSpec {
  const spec = specs.find((each) => each.name === name);
  if (spec === undefined) {
    const names = specs.map((each) => each.name).join(', ');
    throw new VistazoError(
      'model.invalidGraph',
      `The graph ${graph} has no tensor ${name}, only ${names}.`,
    );
  }
  if (rank !== undefined && spec.shape.length !== rank) {
    throw new VistazoError(
      'model.invalidGraph',
      `The tensor ${name} of the graph ${graph} has the shape [${spec.shape.join(', ')}], but ${rank} dimensions are needed.`,
    );
  }
  return spec;
}
