import { deflateSync } from 'node:zlib';
import { pdf } from './pdf-files.ts';

/** Forms within forms, each drawn eight times by the one before: 8^12 of them. */
export function endlessDocument(): Uint8Array {
  const form = (next: string, content: string) =>
    `<</Type/XObject/Subtype/Form/BBox[0 0 300 200]/Resources<</XObject<</X ${next}>>>>/Length ${content.length}>>\nstream\n${content}\nendstream`;
  const objects = Array.from({ length: 12 }, (_, index) =>
    form(`${1001 + index} 0 R`, '/X Do '.repeat(8)),
  );
  const page = '/Resources<</XObject<</X 1000 0 R>>>>';
  return pdf([{ content: '/X Do' }], {
    page,
    objects: [...objects, form('3 0 R', '0 0 300 200 re f')],
  });
}

/** Pages that are painted all over so many times. */
export function paintedDocument({ pages, times }: { pages: number; times: number }): Uint8Array {
  const shading =
    '<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 300 200]/Function<</FunctionType 2/Domain[0 1]/C0[1 0 0]/C1[0 0 1]/N 1.5>>/Extend[true true]>>';
  const page = '/Resources<</Shading<</S 1000 0 R>>>>';
  const content = '/S sh\n'.repeat(times);
  return pdf(
    Array.from({ length: pages }, () => ({ content })),
    { page, objects: [shading] },
  );
}

/** A page that takes minutes. */
export const slowDocument = (): Uint8Array => paintedDocument({ pages: 1, times: 50_000 });

/** A page of some hundred kilobytes with a picture of 400 megapixels that are really there. */
export function largeImageDocument(): Uint8Array {
  const side = 20_000;
  const data = deflateSync(Buffer.alloc((side * side) / 8)).toString('latin1');
  const image = `<</Type/XObject/Subtype/Image/Width ${side}/Height ${side}/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/FlateDecode/Length ${data.length}>>\nstream\n${data}\nendstream`;
  return drawn('q 300 0 0 200 0 0 cm /X Do Q', image);
}

/** A page whose picture says that it is of this size, with nothing in it. */
export function imageOfSizeDocument(side: number): Uint8Array {
  const image = `<</Type/XObject/Subtype/Image/Width ${side}/Height ${side}/ColorSpace/DeviceRGB/BitsPerComponent 8/Length 20>>\nstream\n${'x'.repeat(20)}\nendstream`;
  return drawn('q 300 0 0 200 0 0 cm /X Do Q', image);
}

function drawn(content: string, object: string): Uint8Array {
  return pdf([{ content }], { page: '/Resources<</XObject<</X 1000 0 R>>>>', objects: [object] });
}
