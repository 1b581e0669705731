import type { VisionLanguageModel } from '../backend/vision-language-model.js';

/** A model that counts how long it worked for those who asked it here, in milliseconds. @internal */
export class MeteredModel implements VisionLanguageModel {
  workedMs = 0;

  constructor(private readonly model: VisionLanguageModel) {}

  get info(): VisionLanguageModel['info'] {
    return this.model.info;
  }

  isReady(): boolean {
    return this.model.isReady?.() ?? true;
  }

  async refreshInfo(options?: { signal?: AbortSignal }): Promise<void> {
    await this.model.refreshInfo?.(options);
  }

  countTokens(
    ...given: Parameters<VisionLanguageModel['countTokens']>
  ): ReturnType<VisionLanguageModel['countTokens']> {
    return this.model.countTokens(...given);
  }

  async *generate(
    ...given: Parameters<VisionLanguageModel['generate']>
  ): ReturnType<VisionLanguageModel['generate']> {
    for await (const event of this.model.generate(...given)) {
      // Waiting for others is not its own doing.
      if (event.type === 'end') this.workedMs += event.timings.totalMs - event.timings.queueMs;
      yield event;
    }
  }

  async forget(cacheScope: string): Promise<void> {
    await this.model.forget?.(cacheScope);
  }

  close(): Promise<void> {
    return this.model.close();
  }
}
