import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Scheduler } from '../../../../packages/core/src/inference/scheduler/scheduler.ts';

/** A sequence that takes so much time for its prompt and writes so many tokens. */
class Job {
  readMs = 0;
  written = 0;
  firstTokenAtMs = Number.NaN;
  endedAtMs = Number.NaN;
  constructor(
    readonly tenant: string,
    readonly promptMs: number,
    readonly tokens: number,
    readonly kvBytes = 1,
  ) {}
  get isDecoding() {
    return this.readMs >= this.promptMs;
  }
}

const pieceMs = 100;
const stepMs = 20;

/** Runs jobs that come at their times, in made-up time, until all have ended. */
function run(
  arrivals: readonly { atMs: number; job: Job }[],
  limits = { maxSequences: 16, maxKvBytes: 1000 },
) {
  const scheduler = new Scheduler<Job>(limits);
  const pending = arrivals.toSorted((a, b) => a.atMs - b.atMs);
  let nowMs = 0;
  let mostRows = 0;
  for (let turn = 0; turn < 100_000; turn += 1) {
    while (pending[0] !== undefined && pending[0].atMs <= nowMs) {
      const next = pending.shift();
      if (next !== undefined) scheduler.add(next.job);
    }
    const plan = scheduler.plan();
    if (plan === undefined) {
      if (pending[0] === undefined) return { nowMs, mostRows };
      nowMs = pending[0].atMs;
      continue;
    }
    const elapsedMs = plan.type === 'decode' ? stepMs : pieceMs;
    nowMs += elapsedMs;
    if (plan.type === 'prefill') {
      plan.sequence.readMs += pieceMs;
      if (plan.sequence.isDecoding) plan.sequence.firstTokenAtMs = nowMs;
    } else {
      mostRows = Math.max(mostRows, plan.sequences.length);
      for (const job of plan.sequences) {
        job.written += 1;
        if (job.written < job.tokens) continue;
        job.endedAtMs = nowMs;
        scheduler.remove(job);
      }
    }
    scheduler.spent(plan, elapsedMs);
  }
  throw new Error('The jobs never end.');
}

describe('the scheduler', () => {
  it('lets those that write take their steps together', () => {
    const jobs = Array.from({ length: 8 }, () => ({ atMs: 0, job: new Job('a', pieceMs, 100) }));
    const { nowMs, mostRows } = run(jobs);
    expect(mostRows).toBe(8);
    expect(nowMs).toBeLessThan(8 * pieceMs + 2 * 100 * stepMs);
  });

  it('gives another person the first token in at most 1.5 times the time that it takes alone', () => {
    for (const promptMs of [100, 500, 2600]) {
      const long = new Job('a', pieceMs, 10_000);
      const other = new Job('b', promptMs, 1);
      run([
        { atMs: 0, job: long },
        { atMs: 1000, job: other },
      ]);
      expect((other.firstTokenAtMs - 1000 - stepMs) / promptMs).toBeLessThanOrEqual(1.5);
    }
  });

  it('goes on writing while the prompts of others are read', () => {
    const long = new Job('a', pieceMs, 200);
    const others = Array.from({ length: 20 }, () => ({ atMs: 200, job: new Job('b', 2000, 5) }));
    run([{ atMs: 0, job: long }, ...others]);
    expect(long.endedAtMs).toBeLessThan(40_000);
    expect(long.endedAtMs).toBeLessThan(200 * (pieceMs + stepMs) + 1000);
  });

  it('does not let a tenant with many questions keep back one with a single question', () => {
    const flood = Array.from({ length: 100 }, () => ({ atMs: 0, job: new Job('flood', 1000, 1) }));
    const single = new Job('single', 1000, 1);
    run([...flood, { atMs: 5000, job: single }]);
    expect(single.firstTokenAtMs - 5000).toBeLessThan(3 * 1000);
  });

  it('answers the questions of a tenant in their order', () => {
    const jobs = Array.from({ length: 10 }, (_, i) => ({ atMs: i, job: new Job('a', 300, 1) }));
    run(jobs);
    const times = jobs.map(({ job }) => job.firstTokenAtMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('lets in a sequence that needs much memory before long, though smaller ones would always fit', () => {
    const large = new Job('a', 100, 5, 900);
    const small = Array.from({ length: 300 }, (_, i) => ({
      atMs: i * 100,
      job: new Job(`tenant ${i % 7}`, 100, 20, 200),
    }));
    run([...small, { atMs: 1500, job: large }]);
    const later = small.filter(
      ({ atMs, job }) => atMs > 1500 && job.firstTokenAtMs < large.firstTokenAtMs,
    );
    expect(later.length).toBeLessThanOrEqual(20);
  });

  it('ends all sequences, whatever comes and goes, within its bounds', () => {
    const job = fc.record({
      atMs: fc.nat({ max: 5000 }),
      tenant: fc.constantFrom('a', 'b', 'c'),
      promptMs: fc.integer({ min: 1, max: 900 }),
      tokens: fc.integer({ min: 1, max: 30 }),
      kvBytes: fc.integer({ min: 1, max: 1500 }),
    });
    fc.assert(
      fc.property(
        fc.array(job, { maxLength: 40 }),
        fc.integer({ min: 1, max: 6 }),
        (specs, maxSequences) => {
          const arrivals = specs.map(({ atMs, tenant, promptMs, tokens, kvBytes }) => ({
            atMs,
            job: new Job(tenant, promptMs, tokens, kvBytes),
          }));
          const { mostRows } = run(arrivals, { maxSequences, maxKvBytes: 1000 });
          expect(mostRows).toBeLessThanOrEqual(maxSequences);
          for (const { job: each } of arrivals) expect(each.written).toBe(each.tokens);
        },
      ),
      { numRuns: 300 },
    );
  });
});
