import type { WasmModule } from './web-assembly.js';

/** What the thread that renders a document begins with. @internal */
export interface PdfWorkerData {
  /** Of the document. */
  bytes: Uint8Array;
  /** PDFium, compiled. */
  pdfium: WasmModule;
}

/** Asks the thread for a page. @internal */
export interface PageRequest {
  /** From 0. */
  index: number;
  longestEdgePx: number;
}

/** A page as opaque RGBA, row by row. @internal */
export interface PagePixels {
  widthPx: number;
  heightPx: number;
  data: Uint8Array<ArrayBuffer>;
}

/** Why a document, or a page of it, cannot be shown. @internal */
export type PdfFault = 'encrypted' | 'corrupt' | 'tooLarge';

/** What the thread says: once that it has opened the document, then an answer to each request. @internal */
export type PdfReply =
  | { type: 'opened'; pages: number }
  | { type: 'page'; page: PagePixels }
  /** Other pages may be well. */
  | { type: 'badPage' }
  | { type: 'failed'; fault: PdfFault };
