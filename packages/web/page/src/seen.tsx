import type { WireSeen } from '../../src/wire.ts';
import type { Texts } from './texts.ts';

/** What the model saw of an answer's prompt and how long it took, behind one click. */
export function Seen({ texts, seen }: { texts: Texts; seen: WireSeen }) {
  const { usage, timings } = seen;
  return (
    <details class="seen">
      <summary>{texts.seen}</summary>
      <dl>
        {seen.pictures.map((picture, index) => (
          <Row key={index} term={texts.picture(index + 1)}>
            {picture.widthPx} × {picture.heightPx} px,{' '}
            {texts.tiles(picture.tiles, picture.fullTiles)}, {picture.tokens} tokens
          </Row>
        ))}
        {usage !== undefined && (
          <>
            <Row term={texts.promptTokens}>
              {usage.promptTokens} ({usage.imageTokens} {texts.imageTokens}, {usage.reusedTokens}{' '}
              {texts.reusedTokens})
            </Row>
            <Row term={texts.answerTokens}>{usage.answerTokens}</Row>
          </>
        )}
        {timings !== undefined && (
          <>
            <Row term={texts.timeToFirstToken}>{Math.round(timings.timeToFirstTokenMs)} ms</Row>
            <Row term={texts.tokensPerSecond}>
              {/* An answer of one token has no rate. */}
              {timings.tokensPerSecond > 0 ? timings.tokensPerSecond.toFixed(1) : '–'}
            </Row>
          </>
        )}
        {seen.leftOut.length > 0 && <Row term={texts.leftOut}>{seen.leftOut.join(' ')}</Row>}
      </dl>
    </details>
  );
}

function Row({ term, children }: { term: string; children: preact.ComponentChildren }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </>
  );
}
