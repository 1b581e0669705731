import { type CacheScope, CacheScopes, forgottenScope } from '../../cache-scopes.js';
import { toVistazoError, VistazoError } from '../../errors.js';
import { sendToParent } from '../../processes/send-to-parent.js';
import type { EngineReply, EngineRequest } from './engine-protocol.js';
import { Inference } from './inference.js';

type Work = Exclude<EngineRequest, { type: 'abort' | 'forget' }>;

/** The process that holds the sessions: loads a model, then answers requests side by side. */
const running = new Map<number, AbortController>();
const scopes = new CacheScopes();
let inference: Inference | undefined;
/** Settles when the model is loaded or has failed to load. */
let loaded: Promise<void> = Promise.resolve();

function reply(message: EngineReply): void {
  sendToParent(message);
}

async function handle(request: Work, signal: AbortSignal, scope: CacheScope): Promise<void> {
  const { id } = request;
  try {
    await perform(request, signal, scope);
    reply({ type: 'done', id });
  } catch (error) {
    reply({ type: 'failed', id, error: toVistazoError(error).toJSON() });
  }
}

async function perform(request: Work, signal: AbortSignal, scope: CacheScope): Promise<void> {
  const { id } = request;
  if (request.type === 'load') {
    const { description, intraOpThreads, kvCache, measuresTiles } = request;
    inference = await Inference.load(description, {
      kvCache,
      ...(intraOpThreads !== undefined && { intraOpThreads }),
    });
    const tileMs = measuresTiles ? await inference.measureTile() : undefined;
    reply({ type: 'loaded', id, tileMs });
    return;
  }
  if (inference === undefined)
    throw new VistazoError('internal', 'The engine was asked before its model was loaded.');
  for await (const event of inference.generate(request.request, signal, scope))
    reply({ type: 'event', id, event });
}

async function forget({
  id,
  cacheScope,
}: Extract<EngineRequest, { type: 'forget' }>): Promise<void> {
  try {
    await inference?.forget(cacheScope);
    reply({ type: 'done', id });
  } catch (error) {
    reply({ type: 'failed', id, error: toVistazoError(error).toJSON() });
  }
}

/** From when the request comes, not only from when its turn comes. */
function scopeOf(request: Work): CacheScope {
  if (request.type === 'load' || request.cacheScope === null) return forgottenScope;
  return scopes.open(request.cacheScope);
}

process.on('message', (request: EngineRequest) => {
  if (request.type === 'abort') {
    running.get(request.id)?.abort();
    return;
  }
  if (request.type === 'forget') {
    scopes.forget(request.cacheScope);
    void forget(request);
    return;
  }
  const controller = new AbortController();
  const scope = scopeOf(request);
  running.set(request.id, controller);
  const handled = loaded
    .then(() => handle(request, controller.signal, scope))
    .finally(() => {
      running.delete(request.id);
      scopes.close(scope);
    });
  if (request.type === 'load') loaded = handled;
});

process.on('disconnect', () => process.exit(0));
// A terminal sends its interrupt to the whole group; only the main process decides about the end.
process.on('SIGINT', () => {});
