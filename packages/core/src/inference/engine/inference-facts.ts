import type { SeenPicture } from '../../generation/generation-event.js';
import type { InferenceRequest } from './inference-request.js';

/** What a model sees of the pictures of a request, in order. @internal */
export function seenPictures(
  { messages, pictures }: InferenceRequest,
  imageSeqLen: number,
): SeenPicture[] {
  const places = messages.flatMap(({ content }, messageIndex) =>
    content.filter(({ type }) => type === 'image').map(() => messageIndex),
  );
  return pictures.map(({ widthPx, heightPx, gridRows, gridColumns, tiles }, index) => ({
    messageIndex: places[index] ?? 0,
    widthPx,
    heightPx,
    gridRows,
    gridColumns,
    tokens: tiles * (imageSeqLen + 2) + 1,
  }));
}

/** How long the parts of an answer took that ends now. @internal */
export function timings(
  startedAt: number,
  { encodeMs, firstTokenAt }: { encodeMs: number; firstTokenAt: number },
  answerTokens: number,
) {
  const endedAt = performance.now();
  const timeToFirstTokenMs = (Number.isNaN(firstTokenAt) ? endedAt : firstTokenAt) - startedAt;
  const decodeMs = endedAt - startedAt - timeToFirstTokenMs;
  return {
    queueMs: 0,
    preprocessMs: 0,
    encodeMs,
    timeToFirstTokenMs,
    totalMs: endedAt - startedAt,
    tokensPerSecond: answerTokens > 1 && decodeMs > 0 ? ((answerTokens - 1) * 1000) / decodeMs : 0,
  };
}
