import { parentPort, workerData } from 'node:worker_threads';
import { EncryptedError, PdfDocument } from './pdf-document.js';
import type { PageRequest, PdfReply, PdfWorkerData } from './pdf-protocol.js';

let isFull = false;

/**
 * The thread that renders one document with PDFium, which works synchronously: the thread beside it
 * sees to the time and memory that it takes, and the whole process can be killed.
 */
async function serve({ bytes, pdfium }: PdfWorkerData): Promise<void> {
  const document = await PdfDocument.open(pdfium, bytes, () => {
    isFull = true;
  });
  parentPort?.on('message', ({ index, longestEdgePx }: PageRequest) => {
    try {
      const page = document.render(index, longestEdgePx);
      if (page === undefined) say({ type: 'badPage' });
      else say({ type: 'page', page }, [page.data.buffer]);
    } catch (error) {
      fail(error);
    }
  });
  say({ type: 'opened', pages: document.pages });
}

function say(reply: PdfReply, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(reply, transfer);
}

/** After whatever PDFium throws its instance is of no more use. */
function fail(error: unknown): void {
  if (error instanceof EncryptedError) say({ type: 'failed', fault: 'encrypted' });
  else say({ type: 'failed', fault: isFull ? 'tooLarge' : 'corrupt' });
}

// Only render-pages starts this thread.
serve(workerData as PdfWorkerData).catch(fail);
