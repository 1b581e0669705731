import { init } from '@embedpdf/pdfium';
import type { PagePixels } from './pdf-protocol.js';
import {
  isWasmMemory,
  newWasmInstance,
  type WasmInstance,
  type WasmMemory,
  type WasmModule,
} from './web-assembly.js';

/** The document opens with a password only. @internal */
export class EncryptedError extends Error {}

/** Most memory of PDFium; more is refused, so that it fails with what it is doing. */
const maxMemoryBytes = 224 * 2 ** 20;
const wasmPageBytes = 64 * 2 ** 10;

// Source of these numbers: public/fpdfview.h of PDFium.
const passwordError = 4;
const bitmapBgra = 4;
/** Annotations are drawn, red comes first, and images are decoded only while they are drawn. */
const renderFlags = 0x01 | 0x10 | 0x200;
const white = 0xffffffff;

type Pdfium = Awaited<ReturnType<typeof init>>;

/**
 * A document in an instance of PDFium of its own, so that nothing of one document can reach another.
 * This build of PDFium runs no scripts and has no network, and none of the document's actions is done. @internal
 */
export class PdfDocument {
  private constructor(
    private readonly pdfium: Pdfium,
    private readonly memory: WasmMemory,
    private readonly document: number,
    /** What people wrote into its forms. */
    private readonly forms: number,
  ) {}

  /** Throws {@link EncryptedError}, or whatever PDFium ends with where it is damaged. */
  static async open(
    module: WasmModule,
    bytes: Uint8Array,
    onFull: () => void,
  ): Promise<PdfDocument> {
    const { pdfium, memory } = await instantiate(module, onFull);
    pdfium.PDFiumExt_Init();
    const address = pdfium.pdfium.wasmExports.malloc(bytes.length);
    if (address === 0) throw new Error('no memory for the document');
    new Uint8Array(memory.buffer).set(bytes, address);
    const document = pdfium.FPDF_LoadMemDocument(address, bytes.length, '');
    if (document !== 0) {
      const forms = pdfium.PDFiumExt_InitFormFillEnvironment(
        document,
        pdfium.PDFiumExt_OpenFormFillInfo(),
      );
      return new PdfDocument(pdfium, memory, document, forms);
    }
    const error = pdfium.FPDF_GetLastError();
    throw error === passwordError ? new EncryptedError() : new Error(`PDFium error ${error}`);
  }

  /** How many pages it says that it has. */
  get pages(): number {
    return this.pdfium.FPDF_GetPageCount(this.document);
  }

  /** A page on white, its longer side `longestEdgePx`; undefined where there is no such page. */
  render(index: number, longestEdgePx: number): PagePixels | undefined {
    const page = this.pdfium.FPDF_LoadPage(this.document, index);
    if (page === 0) return undefined;
    const width = this.pdfium.FPDF_GetPageWidthF(page);
    const height = this.pdfium.FPDF_GetPageHeightF(page);
    const scale = longestEdgePx / Math.max(width, height);
    const pixels =
      width > 0 && height > 0 && Number.isFinite(scale)
        ? this.#draw(page, sidePx(width * scale), sidePx(height * scale))
        : undefined;
    this.pdfium.FPDF_ClosePage(page);
    return pixels;
  }

  #draw(page: number, widthPx: number, heightPx: number): PagePixels {
    const { pdfium, forms } = this;
    const area = [0, 0, widthPx, heightPx] as const;
    const bitmap = pdfium.FPDFBitmap_CreateEx(widthPx, heightPx, bitmapBgra, 0, widthPx * 4);
    if (bitmap === 0) throw new Error('no memory for the page');
    pdfium.FPDFBitmap_FillRect(bitmap, ...area, white);
    pdfium.FPDF_RenderPageBitmap(bitmap, page, ...area, 0, renderFlags);
    if (forms !== 0) pdfium.FPDF_FFLDraw(forms, bitmap, page, ...area, 0, renderFlags);
    const address = pdfium.FPDFBitmap_GetBuffer(bitmap);
    const data = new Uint8Array(this.memory.buffer, address, widthPx * heightPx * 4).slice();
    pdfium.FPDFBitmap_Destroy(bitmap);
    return { widthPx, heightPx, data };
  }
}

const sidePx = (length: number): number => Math.max(1, Math.round(length));

async function instantiate(module: WasmModule, onFull: () => void) {
  let memory: WasmMemory | undefined;
  const silent = () => {};
  const pdfium = await init({
    print: silent,
    printErr: silent,
    instantiateWasm: (
      imports: object,
      done: (instance: WasmInstance, module: WasmModule) => void,
    ) => {
      const instance = newWasmInstance(module, imports);
      if (isWasmMemory(instance.exports.memory)) memory = bounded(instance.exports.memory, onFull);
      done(instance, module);
      return instance.exports;
    },
  });
  if (memory === undefined) throw new Error('PDFium has no memory');
  return { pdfium, memory };
}

/** The memory, which grows up to {@link maxMemoryBytes} only: PDFium itself would take 2 GiB. */
function bounded(memory: WasmMemory, onFull: () => void): WasmMemory {
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * wasmPageBytes <= maxMemoryBytes) return grow(pages);
    onFull();
    throw new RangeError('The document needs more memory than it may have.');
  };
  return memory;
}
