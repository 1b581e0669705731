import { AsyncLocalStorage } from 'node:async_hooks';
import type { PluginStorage } from '../store/plugin-storage.js';

/** A step of a plugin's work, and all that it set going without waiting for it. @internal */
export interface PluginStep {
  plugin: string;
  /** Told of an error that nobody caught. */
  fail(error: unknown): void;
}

const scope = new AsyncLocalStorage<PluginStep | undefined>();

/** Runs a plugin's code, so that {@link currentStep} names it in whatever follows from it. @internal */
export function runInPlugin<Result>(step: PluginStep, work: () => Result): Result {
  return scope.run(step, work);
}

/** Runs work of the bot that a plugin asked for: what fails in it is not the plugin's fault. @internal */
export function runOutsidePlugins<Result>(work: () => Result): Result {
  return scope.run(undefined, work);
}

/** The step that led here; undefined outside of plugins. @internal */
export function currentStep(): PluginStep | undefined {
  return scope.getStore();
}

/** Values that are read and written outside of the plugin that asks for them. @internal */
export function storageOutsidePlugins(values: PluginStorage): PluginStorage {
  return {
    get: (key) => runOutsidePlugins(() => values.get(key)),
    set: (key, value) => runOutsidePlugins(() => values.set(key, value)),
    add: (key, value) => runOutsidePlugins(() => values.add(key, value)),
    delete: (key) => runOutsidePlugins(() => values.delete(key)),
    keys: (prefix) => runOutsidePlugins(() => values.keys(prefix)),
  };
}
