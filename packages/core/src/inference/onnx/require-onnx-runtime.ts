import { createRequire } from 'node:module';
import { VistazoError } from '../../errors.js';

/**
 * Throws `runtime.missing` where ONNX Runtime is not installed. It is an optional dependency: its install step
 * downloads CUDA libraries on Linux, and where that fails, npm leaves it out and installs the rest.
 */
export function requireOnnxRuntime(): void {
  try {
    createRequire(import.meta.url).resolve('onnxruntime-node');
  } catch (cause) {
    throw new VistazoError(
      'runtime.missing',
      'ONNX Runtime, which runs local models, is not installed, because its install step failed. Run ONNXRUNTIME_NODE_INSTALL=skip npm install --include=optional, or use a model on a server.',
      { cause },
    );
  }
}
