import { Lifetime } from '@vistazo/core/adapter-kit';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

/** Both clocks of the machine, which the test moves. */
function clocks() {
  const now = { wallMs: 1_000_000, steadyMs: 5000 };
  const spies = [
    vi.spyOn(Date, 'now').mockImplementation(() => now.wallMs),
    vi.spyOn(performance, 'now').mockImplementation(() => now.steadyMs),
  ];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return now;
}

describe('something that is good for a while', () => {
  it('is over in time though the clock was set back', () => {
    const now = clocks();
    const life = new Lifetime(60_000);
    now.wallMs -= 3_600_000;
    now.steadyMs += 59_999;
    expect(life.isOver).toBe(false);
    now.steadyMs += 1;
    expect([life.isOver, life.ageMs]).toEqual([true, 60_000]);
  });

  it('is over after the machine slept, in which its steady clock may stand still', () => {
    const now = clocks();
    const life = new Lifetime(60_000);
    now.wallMs += 60_000;
    expect(life.isOver).toBe(true);
  });
});
