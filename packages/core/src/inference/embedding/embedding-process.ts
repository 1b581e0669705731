import { toVistazoError, VistazoError } from '../../errors.js';
import { sendToParent } from '../../processes/send-to-parent.js';
import { DualEncoder } from './dual-encoder.js';
import type { EmbeddingReply, EmbeddingRequest } from './embedding-protocol.js';

/** The process that holds the sessions of a model that makes embeddings: one request after the other. */
let encoder: DualEncoder | undefined;
let last: Promise<void> = Promise.resolve();
/** Ids of work that nobody waits for any more; those that wait or are under way. */
const aborted = new Set<number>();

type Work = Exclude<EmbeddingRequest, { type: 'abort' }>;

async function perform(request: Work): Promise<EmbeddingReply> {
  const { id } = request;
  if (request.type === 'load') {
    const { description, intraOpThreads } = request;
    encoder = await DualEncoder.open(
      description,
      intraOpThreads === undefined ? {} : { intraOpThreads },
    );
    return { type: 'loaded', id, dimensions: encoder.dimensions };
  }
  if (encoder === undefined)
    throw new VistazoError('internal', 'An embedding was asked for before the model was loaded.');
  const goOn = () => {
    if (aborted.has(id)) throw new VistazoError('internal', 'The work was aborted.');
  };
  goOn();
  const embeddings =
    request.type === 'texts'
      ? await encoder.embedTexts(request.texts, goOn)
      : [await encoder.embedPicture(request.picture)];
  return { type: 'done', id, embeddings };
}

async function answer(request: Work): Promise<void> {
  const { id } = request;
  try {
    sendToParent(await perform(request));
  } catch (error) {
    const failed: EmbeddingReply = { type: 'failed', id, error: toVistazoError(error).toJSON() };
    sendToParent(failed);
  } finally {
    aborted.delete(id);
  }
}

process.on('message', (request: EmbeddingRequest) => {
  if (request.type === 'abort') {
    aborted.add(request.id);
    // Once the queue has passed what was aborted, its id means nothing.
    last = last.then(() => void aborted.delete(request.id));
    return;
  }
  last = last.then(() => answer(request));
});

process.on('disconnect', () => process.exit(0));
// A terminal sends its interrupt to the whole group; only the main process decides about the end.
process.on('SIGINT', () => {});
