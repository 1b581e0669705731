import { VistazoError } from '../../errors.js';
import { forkModule } from '../../processes/fork-module.js';
import type { ModelDescription } from '../files/model-folder.js';
import type { OptimiseReply, OptimiseRequest } from './optimise-protocol.js';
import { knownOptimised, type OptimisedDecoder } from './optimised-file.js';

/** Smaller decoders gain little. */
const minBytes = 64 * 2 ** 20;

/** How a decoder is optimised. */
export interface OptimiseOptions {
  /** Threads of one operator. Default: one for each core. */
  intraOpThreads?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Makes a faster graph of the decoder of a model, in a process of its own; see `optimiseDecoder`. What
 * was made before is found again.
 */
export async function optimiseModel(
  { graphs, attentionHeads }: ModelDescription,
  { intraOpThreads, signal }: OptimiseOptions = {},
): Promise<OptimisedDecoder> {
  const path = graphs.paths.decoder;
  if (attentionHeads === undefined) {
    return { isOptimised: false, reason: 'config.json does not say how many heads attention has' };
  }
  const known = await knownOptimised(path);
  if (known !== undefined) return known;
  return inProcess({ path, heads: attentionHeads, intraOpThreads }, signal);
}

/** The model with its optimised decoder, where it is large enough to gain by one and one can be made. */
export async function withOptimisedDecoder(
  description: ModelDescription,
  options: OptimiseOptions,
): Promise<ModelDescription> {
  const { graphs } = description;
  if (graphs.bytes < minBytes) return description;
  const outcome = await optimiseModel(description, options);
  if (!outcome.isOptimised) return description;
  const paths = { ...graphs.paths, decoder: outcome.path };
  return { ...description, graphs: { ...graphs, paths } };
}

function inProcess(request: OptimiseRequest, signal?: AbortSignal): Promise<OptimiseReply> {
  return new Promise((resolve, reject) => {
    const child = forkModule(new URL('./optimise-process.js', import.meta.url));
    const stop = () => child.kill('SIGKILL');
    const settle = (end: () => void) => {
      signal?.removeEventListener('abort', stop);
      child.kill('SIGKILL');
      end();
    };
    child.once('message', (reply: OptimiseReply) => settle(() => resolve(reply)));
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', () =>
      settle(() => {
        if (signal?.aborted) reject(signal.reason);
        else
          resolve({
            isOptimised: false,
            reason: 'the process that makes it ended, perhaps for lack of memory',
          });
      }),
    );
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    child.send(request, (error) => {
      if (error !== null)
        settle(() =>
          reject(new VistazoError('internal', 'A process ended at its start.', { cause: error })),
        );
    });
  });
}
