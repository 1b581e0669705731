import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Bot, Store, VisionLanguageModel } from '@vistazo/core';

/**
 * Says over IPC that a bot in a process of its own is ready and, whenever it is asked, how long the event loop was
 * held since it was asked last. Stops the bot when the bench lets go.
 */
export function answerToBench(bot: Bot, store: Store, model: VisionLanguageModel): void {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on('message', () => {
    process.send?.({ eventLoopP99Ms: delay.percentile(99) / 1e6, eventLoopMaxMs: delay.max / 1e6 });
    delay.reset();
  });
  process.on('disconnect', async () => {
    await bot.stop({ drainMs: 0 });
    await store.close();
    await model.close();
  });
  process.send?.('ready');
}
