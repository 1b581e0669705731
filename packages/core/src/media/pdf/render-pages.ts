import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { VistazoError } from '../../errors.js';
import { checkBytes } from '../check-bytes.js';
import { encodePixels, type NormalisedPicture } from '../decode.js';
import { longestEdgePx, type PictureLimits } from '../picture-limits.js';
import type { PagePixels, PageRequest, PdfFault, PdfReply, PdfWorkerData } from './pdf-protocol.js';
import { compileWasm, type WasmModule } from './web-assembly.js';

/** The first pages of a document. @internal */
export interface RenderedPages {
  /** How many pages the document has. */
  total: number;
  /** With the number of each page, from 1. */
  pages: { number: number; picture: NormalisedPicture }[];
}

let compiled: Promise<WasmModule> | undefined;

function pdfium(): Promise<WasmModule> {
  compiled ??= readFile(fileURLToPath(import.meta.resolve('@embedpdf/pdfium/pdfium.wasm'))).then(
    (bytes) => compileWasm(bytes),
  );
  return compiled;
}

/**
 * The first `maxPages` pages of a PDF as pictures. Their number is known before the first one is
 * rendered; a page that cannot be read is left out, and so are those after half of the time is used
 * up, so that what is there is shown.
 * Throws `picture.encrypted`, `picture.tooLarge` or `picture.corrupt`. @internal
 */
export async function renderPages(
  bytes: Uint8Array,
  limits: PictureLimits,
  maxPages: number,
): Promise<RenderedPages> {
  checkBytes(bytes, limits);
  const isHalfOver = halfOf(limits);
  const thread = new PdfThread({ bytes, pdfium: await pdfium() });
  try {
    const total = await thread.opened();
    const pages: RenderedPages['pages'] = [];
    for (let index = 0; index < Math.min(total, maxPages); index += 1) {
      if (pages.length > 0 && isHalfOver()) break;
      const page = await thread.render({ index, longestEdgePx });
      if (page !== undefined) pages.push({ number: index + 1, picture: await encodePixels(page) });
    }
    if (pages.length === 0) throw faultError('corrupt');
    return { total, pages };
  } finally {
    await thread.end();
  }
}

/** Whether half of the processor time, or of the time on the clock, has gone by since now. */
function halfOf({ maxCpuMs, timeoutMs }: PictureLimits): () => boolean {
  const startedAtMs = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    const tookMs = performance.now() - startedAtMs;
    return (user + system) / 1000 > maxCpuMs / 2 || tookMs > timeoutMs / 2;
  };
}

/** The thread in which PDFium works, asked for one thing after the other. */
class PdfThread {
  readonly #worker: Worker;

  constructor(workerData: PdfWorkerData) {
    this.#worker = new Worker(new URL('./pdf-worker.js', import.meta.url), { workerData, env: {} });
  }

  async opened(): Promise<number> {
    const reply = await this.#reply();
    return reply.type === 'opened' ? reply.pages : 0;
  }

  async render(request: PageRequest): Promise<PagePixels | undefined> {
    const reply = this.#reply();
    this.#worker.postMessage(request);
    const answer = await reply;
    return answer.type === 'page' ? answer.page : undefined;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #reply(): Promise<Exclude<PdfReply, { type: 'failed' }>> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        worker.off('message', onMessage).off('error', onEnd).off('exit', onEnd);
        act();
      };
      const onMessage = (reply: PdfReply) =>
        settle(() => (reply.type === 'failed' ? reject(faultError(reply.fault)) : resolve(reply)));
      const onEnd = () => settle(() => reject(faultError('corrupt')));
      worker.on('message', onMessage).on('error', onEnd).on('exit', onEnd);
    });
  }
}

function faultError(fault: PdfFault): VistazoError {
  if (fault === 'encrypted') {
    return new VistazoError(
      'picture.encrypted',
      'The document is protected with a password; send it without one.',
    );
  }
  return fault === 'tooLarge'
    ? new VistazoError(
        'picture.tooLarge',
        'The document needs more memory than is allowed; send fewer or simpler pages.',
      )
    : new VistazoError(
        'picture.corrupt',
        'The document is cut off or damaged and cannot be read; save it anew and send it again.',
      );
}
