import { toVistazoError, VistazoError } from '../errors.js';
import { Inference } from '../model/inference.js';
import { sendToParent } from '../processes/send-to-parent.js';
import type { EngineReply, EngineRequest } from './engine-protocol.js';

/** The process that holds the sessions: loads a model, then answers one request after the other. */
const running = new Map<number, AbortController>();
let inference: Inference | undefined;
let last: Promise<void> = Promise.resolve();

function reply(message: EngineReply): void {
  sendToParent(message);
}

async function handle(
  request: Exclude<EngineRequest, { type: 'abort' }>,
  signal: AbortSignal,
): Promise<void> {
  const { id } = request;
  try {
    await perform(request, signal);
    reply({ type: 'done', id });
  } catch (error) {
    reply({ type: 'failed', id, error: toVistazoError(error).toJSON() });
  }
}

async function perform(
  request: Exclude<EngineRequest, { type: 'abort' }>,
  signal: AbortSignal,
): Promise<void> {
  const { id } = request;
  if (request.type === 'load') {
    const { description, intraOpThreads } = request;
    inference = await Inference.load(
      description,
      intraOpThreads === undefined ? {} : { intraOpThreads },
    );
    return;
  }
  if (inference === undefined)
    throw new VistazoError('internal', 'The engine was asked before its model was loaded.');
  if (request.type === 'count') {
    reply({ type: 'count', id, count: inference.countTokens(request.request) });
    return;
  }
  for await (const event of inference.generate(request.request, signal))
    reply({ type: 'event', id, event });
}

process.on('message', (request: EngineRequest) => {
  if (request.type === 'abort') {
    running.get(request.id)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(request.id, controller);
  last = last
    .then(() => handle(request, controller.signal))
    .finally(() => running.delete(request.id));
});

process.on('disconnect', () => process.exit(0));
// A terminal sends its interrupt to the whole group; only the main process decides about the end.
process.on('SIGINT', () => {});
