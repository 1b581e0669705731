/** Logits so far below the highest weigh less than 10⁻¹⁰ of it and are left out of sums. */
const negligible = 23;

/**
 * How sure a model was of what it wrote: the geometric mean of the probabilities that it gave the
 * tokens that were picked, at temperature 1 among those that a constraint allowed. Tokens that had no
 * alternative count for nothing.
 */
export class Confidence {
  #sum = 0;
  #tokens = 0;

  /** A token was picked by these logits, in which forbidden ones are −∞. */
  add(logits: Float32Array, token: number): void {
    const picked = logits[token] as number;
    let highest = picked;
    for (const logit of logits) if (logit > highest) highest = logit;
    let sum = 0;
    let allowed = 0;
    for (const logit of logits) {
      if (logit > Number.NEGATIVE_INFINITY) allowed += 1;
      if (logit > highest - negligible) sum += Math.exp(logit - highest);
    }
    if (allowed < 2) return;
    this.#sum += picked - highest - Math.log(sum);
    this.#tokens += 1;
  }

  /** 0 to 1; undefined when nothing was to be decided. */
  get value(): number | undefined {
    return this.#tokens === 0 ? undefined : Math.exp(this.#sum / this.#tokens);
  }
}
