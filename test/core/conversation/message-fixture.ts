import { createHash } from 'node:crypto';
import { imageIdSchema } from '../../../packages/core/src/conversation/chat-message.ts';
import type { PicturePart } from '../../../packages/core/src/conversation/message.ts';

/** A text part. */
export const textPart = (text: string) => ({ type: 'text', text }) as const;

/** A picture whose bytes are `content`. */
export function pictureOf(content: string): PicturePart {
  return {
    type: 'image',
    image: imageIdSchema.parse(`sha256:${createHash('sha256').update(content).digest('hex')}`),
    widthPx: 2,
    heightPx: 3,
    frames: 1,
    provenance: {
      author: 'ana',
      origin: 'web',
      postedAtMs: 1_700_000_000_000,
      name: `${content}.png`,
    },
  };
}
