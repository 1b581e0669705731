import { type FileOptions, MediaProcess } from '@vistazo/core';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import {
  endlessDocument,
  largeImageDocument,
  paintedDocument,
  slowDocument,
} from './hostile-documents.ts';
import { mediaPids } from './media-fixture.ts';
import { mutatedFiles } from './mutated-files.ts';
import { type PdfPage, pdf } from './pdf-files.ts';
import { programs } from './video-files.ts';

const media = new MediaProcess();
afterAll(() => media.close());

const red: PdfPage = { colour: [1, 0, 0] };
const green: PdfPage = { colour: [0, 1, 0] };
const blue: PdfPage = { colour: [0, 0, 1] };

/** The mean colour of a picture, rounded to full or none of each. */
async function colourOf({ bytes }: { bytes: Uint8Array }): Promise<string> {
  const { channels } = await sharp(bytes).stats();
  return channels.map(({ mean }) => Math.round(mean / 255)).join(' ');
}

describe('a document', () => {
  it('gives its pages in order, drawn to the same length', async () => {
    const pages = await media.picturesIn(pdf([red, { ...green, size: [100, 400] }, blue]));
    expect(pages.map(({ place }) => place)).toEqual(
      [1, 2, 3].map((page) => ({ type: 'page', page, pages: 3 })),
    );
    expect(pages.map(({ widthPx, heightPx }) => [widthPx, heightPx])).toEqual([
      [1536, 1024],
      [384, 1536],
      [1536, 1024],
    ]);
    expect(await Promise.all(pages.map(colourOf))).toEqual(['1 0 0', '0 1 0', '0 0 1']);
  });

  it('gives its first pages, as many as are wanted', async () => {
    const bytes = pdf(Array.from({ length: 40 }, () => red));
    const placesOf = async (options = {}) =>
      (await media.picturesIn(bytes, options)).map(({ place }) => place);
    expect(await placesOf()).toEqual(
      Array.from({ length: 8 }, (_, index) => ({ type: 'page', page: index + 1, pages: 40 })),
    );
    expect(await placesOf({ maxPages: 1 })).toEqual([{ type: 'page', page: 1, pages: 40 }]);
  });

  it('is known by its content, also where something stands before it', async () => {
    const bytes = Buffer.concat([Buffer.alloc(500, '\n'), pdf([red])]);
    expect(await media.picturesIn(bytes)).toHaveLength(1);
  });

  it('shows text, and what people wrote into its forms', async () => {
    const written = pdf([{}], {
      catalog: '/AcroForm<</Fields[1000 0 R]/DR<</Font<</F1 3 0 R>>>>/NeedAppearances true>>',
      page: '/Annots[1000 0 R]',
      objects: [
        '<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Filled)/DA(/F1 20 Tf 0 g)/Rect[20 20 200 60]/F 4>>',
      ],
    });
    const text = pdf([{ content: '0 g BT /F1 40 Tf 20 100 Td (Hello) Tj ET' }]);
    for (const bytes of [written, text]) {
      const [page] = await media.picturesIn(bytes);
      const darkest = (await sharp(page?.bytes).greyscale().stats()).channels[0]?.min;
      expect(darkest).toBeLessThan(50);
    }
  });

  it('needs no password where it opens without one, and is refused where it does not', async () => {
    expect(await media.picturesIn(pdf([red], { password: '' }))).toHaveLength(1);
    await expect(media.picturesIn(pdf([red], { password: 'secret' }))).rejects.toMatchObject({
      code: 'picture.encrypted',
      message: 'The document is protected with a password; send it without one.',
    });
  });

  it.each([
    ['is cut off at its beginning', pdf([red]).subarray(0, 20)],
    ['is a header alone', Buffer.from('%PDF-1.7\n')],
    ['has no pages', pdf([])],
    ['has pages that are their own parents', selfParent()],
  ])('that %s is refused', async (_, bytes) => {
    await expect(media.picturesIn(bytes)).rejects.toMatchObject({
      code: 'picture.corrupt',
      message: expect.stringContaining('The document is cut off or damaged'),
    });
  });

  it('is shown where only its end is cut off', async () => {
    const whole = pdf([red, green, blue]);
    const pages = await media.picturesIn(whole.subarray(0, whole.indexOf('startxref')));
    expect(pages).toHaveLength(3);
    expect(await colourOf(pages[0] ?? { bytes: new Uint8Array() })).toBe('1 0 0');
  });

  it('does nothing that it asks for: scripts, other files, addresses', async () => {
    const action = '<</S/JavaScript/JS(this.getField\\("x"\\); while \\(true\\) {})>>';
    const [page] = await media.picturesIn(
      pdf([red], {
        catalog: `/OpenAction ${action}/Names<</JavaScript<</Names[(a) ${action}]>>>>`,
        page: '/AA<</O<</S/URI/URI(http://127.0.0.1:9/)>>/C<</S/Launch/F(/bin/sh)>>>>/Annots[1000 0 R]',
        objects: [
          '<</Type/Annot/Subtype/Link/Rect[0 0 10 10]/A<</S/GoToR/F(/etc/passwd)/D[0/Fit]>>>>',
        ],
      }),
    );
    expect(page).toMatchObject({ place: { page: 1 } });
  });

  it.each([
    ['PNG', '\x89PNG\r\n\x1a\n%PDF-1.7'],
    ['JPEG', '\xff\xd8\xff\xe0%PDF-1.7'],
  ])('is none where its content begins as a %s', async (_, content) => {
    await expect(media.picturesIn(Buffer.from(content, 'latin1'))).rejects.toMatchObject({
      code: 'picture.corrupt',
      message: expect.stringContaining('The picture is cut off or damaged'),
    });
  });
});

describe('a document that costs too much', () => {
  it('is refused by its bytes before it is read', async () => {
    const limits = { maxBytes: 100 };
    await expect(media.picturesIn(pdf([red]), { limits })).rejects.toMatchObject({
      code: 'picture.tooLarge',
    });
  });

  it('in processor time is stopped, and the next one is served', async () => {
    const slow = media.picturesIn(slowDocument(), { limits: { maxCpuMs: 1000 } });
    const waiting = media.picturesIn(pdf([red]));
    await expect(slow).rejects.toMatchObject({
      code: 'picture.timeout',
      // The one or the other, as busy as the machine is.
      message: expect.stringMatching(/(of processor time|longer than 0\.95 s) and was stopped/),
    });
    expect(await waiting).toHaveLength(1);
  });

  it('in time is stopped from outside, and the next one is served', async () => {
    const slow = media.picturesIn(slowDocument(), { limits: { timeoutMs: 600, maxCpuMs: 60_000 } });
    const waiting = media.picturesIn(pdf([red]));
    await expect(slow).rejects.toMatchObject({
      code: 'picture.timeout',
      message: expect.stringContaining('longer than 0.6 s and was stopped'),
    });
    expect(await waiting).toHaveLength(1);
  });

  it('in processor time after some of its pages is shown so far', async () => {
    const bytes = paintedDocument({ pages: 600, times: 5 });
    const options = { maxPages: 600, limits: { maxCpuMs: 6000 } };
    const pages = await media.picturesIn(bytes, options);
    expect(pages.length).toBeGreaterThan(0);
    expect(pages.length).toBeLessThan(600);
  });

  it('in memory is refused, and the next one is served', async () => {
    // PDFium leaves out an image that there is no room for; it may not fall over it.
    const patient = { limits: { maxCpuMs: 50_000, timeoutMs: 50_000 } };
    expect(await outcome(largeImageDocument(), media, patient)).toMatch(
      /^(shown|picture\.(tooLarge|corrupt))$/,
    );
    const limits = { ...patient.limits, maxMemoryBytes: 40 * 2 ** 20 };
    await expect(media.picturesIn(pdf([red]), { limits })).rejects.toMatchObject({
      code: 'picture.tooLarge',
      message: expect.stringContaining('more than 40 MB of memory'),
    });
    await expect(media.picturesIn(endlessDocument(), patient)).rejects.toMatchObject({
      code: 'picture.tooLarge',
    });
    expect(await media.picturesIn(pdf([red]))).toHaveLength(1);
  });

  it('ends with an abort', async () => {
    const controller = new AbortController();
    const slow = media.picturesIn(slowDocument(), { signal: controller.signal });
    controller.abort();
    await expect(slow).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('ends when the process is closed', async () => {
    const closing = new MediaProcess();
    const before = mediaPids();
    const slow = closing.picturesIn(slowDocument());
    const refused = expect(slow).rejects.toMatchObject({ code: 'engine.closed' });
    await closing.close();
    await refused;
    await expect.poll(mediaPids).toEqual(before);
  });
});

describe('a damaged document or video', () => {
  it('is shown or refused, and the next picture is served', async () => {
    const shares = { documents: 0.8, videos: 0.2 };
    const limits = { maxCpuMs: 1500 };
    const looking = new MediaProcess(limits, programs);
    try {
      for await (const { bytes, what } of mutatedFiles(30, 11, shares))
        expect(await outcome(bytes, looking), what).toMatch(/^(shown|picture\.\w+)$/);
      expect(await looking.picturesIn(pdf([red]))).toHaveLength(1);
    } finally {
      await looking.close();
    }
  });
});

async function outcome(
  bytes: Uint8Array,
  process = media,
  options: FileOptions = {},
): Promise<string> {
  try {
    await process.picturesIn(bytes, options);
    return 'shown';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

function selfParent(): Buffer {
  return Buffer.from(
    '%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>endobj\ntrailer<</Root 1 0 R>>\n',
  );
}
