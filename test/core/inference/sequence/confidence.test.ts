import { describe, expect, it } from 'vitest';
import { Confidence } from '../../../../packages/core/src/inference/sequence/confidence.ts';

const forbidden = Number.NEGATIVE_INFINITY;
const logitsOf = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);

describe('confidence', () => {
  it('is the geometric mean of the probabilities of the picked tokens', () => {
    const confidence = new Confidence();
    confidence.add(logitsOf(0.5, 0.3, 0.2), 0);
    confidence.add(logitsOf(0.1, 0.1, 0.8), 2);
    expect(confidence.value).toBeCloseTo(Math.sqrt(0.5 * 0.8), 5);
  });

  it('takes probabilities among what a constraint allows', () => {
    const confidence = new Confidence();
    confidence.add(Float32Array.of(Math.log(3), 0, forbidden), 0);
    expect(confidence.value).toBeCloseTo(0.75, 5);
  });

  it('leaves tokens out that had no alternative, and is unknown where all had none', () => {
    const confidence = new Confidence();
    confidence.add(Float32Array.of(forbidden, 7, forbidden), 1);
    expect(confidence.value).toBeUndefined();
    confidence.add(logitsOf(0.25, 0.75), 0);
    expect(confidence.value).toBeCloseTo(0.25, 5);
  });

  it('is right for a token that is far from the likeliest one', () => {
    const confidence = new Confidence();
    confidence.add(Float32Array.of(100, 40), 1);
    expect(confidence.value).toBeCloseTo(Math.exp(-60), 30);
  });
});
