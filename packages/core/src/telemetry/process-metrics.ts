import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** Between two samples; what a sample takes longer is delay. */
const resolutionMs = 10;
const quantiles = { '0.5': 50, '0.99': 99, '1': 100 };

/** Memory of this process, and how late its event loop was since the last scrape. @internal */
export class ProcessMetrics {
  #delay: ReturnType<typeof monitorEventLoopDelay> | undefined;

  constructor(registry: Registry) {
    const registers = [registry];
    new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Memory of this process, without those of the engine and of pictures.',
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    });
    const gauge: Gauge<'quantile'> = new Gauge({
      name: 'vistazo_event_loop_delay_seconds',
      help: 'How late the event loop was since the last scrape.',
      labelNames: ['quantile'],
      registers,
      collect: () => this.#collect(gauge),
    });
  }

  /** Begins to measure. */
  start(): void {
    this.#delay ??= monitorEventLoopDelay({ resolution: resolutionMs });
    this.#delay.enable();
  }

  stop(): void {
    this.#delay?.disable();
    this.#delay = undefined;
  }

  #collect(gauge: Gauge<'quantile'>): void {
    if (this.#delay === undefined) return;
    for (const [quantile, percentile] of Object.entries(quantiles)) {
      const sampleMs = this.#delay.percentile(percentile) / 1e6;
      gauge.set({ quantile }, Math.max(0, sampleMs - resolutionMs) / 1000);
    }
    this.#delay.reset();
  }
}
