import type { PreparedMessages } from '../picture-sources.js';
import type { TokenCount } from '../vision-language-model.js';

/** What a picture costs. @internal */
export interface TokenEstimate {
  longestEdgePx: number;
  pixelsPerToken: number;
}

/** Fewer bytes than a token of any usual tokenizer has on average: rather too many tokens than too few. */
const bytesPerToken = 3;
/** Role and borders of a message. */
const tokensPerMessage = 8;

/** Tokens of a prompt, estimated from the bytes of its texts and the size of its pictures. @internal */
export function estimateTokens(
  { messages, pictures }: PreparedMessages<{ widthPx: number; heightPx: number }>,
  { longestEdgePx, pixelsPerToken }: TokenEstimate,
): TokenCount {
  let next = 0;
  const counts = messages.map(({ content }) => {
    const count = { tokens: tokensPerMessage, images: 0 };
    for (const part of content) {
      if (part.type === 'text') {
        count.tokens += Math.ceil(Buffer.byteLength(part.text) / bytesPerToken);
        continue;
      }
      const { widthPx = 0, heightPx = 0 } = pictures[next++] ?? {};
      const scale = Math.min(1, longestEdgePx / Math.max(widthPx, heightPx));
      count.images += Math.ceil((widthPx * scale * heightPx * scale) / pixelsPerToken);
    }
    return count;
  });
  const messageTokens = counts.map(({ tokens, images }) => tokens + images);
  return {
    messageTokens,
    messageImageTokens: counts.map(({ images }) => images),
    totalTokens: messageTokens.reduce((sum, tokens) => sum + tokens, 0),
  };
}
