import assert from 'node:assert/strict';
import type { Store } from '../../../packages/core/src/store/store.ts';
import { expectOwn, markOf, tenants } from './marks.ts';
import { pickStep, type Random, type Steps } from './random.ts';

const plugins = ['triage', 'triage2'];
const keys = ['ticket', 'ticket 1', 'ticket%', 'rating'];

/** What plugins keep for all tenants in a store, under the same keys, and what must be found there. */
export class PluginValues {
  readonly #known = new Map<string, Map<string, unknown>>();

  constructor(
    private readonly store: Store,
    private readonly random: Random,
  ) {}

  /** Nothing of a tenant is there any more. */
  isForgotten(tenant: string): void {
    for (const plugin of plugins) this.#known.delete(markOf('plugin', plugin, tenant));
  }

  async step(): Promise<string> {
    const plugin = this.random.pick(plugins);
    const tenant = this.random.pick(tenants);
    const mark = markOf('plugin', plugin, tenant);
    const storage = this.store.pluginStorage(plugin, tenant);
    const known = this.#known.get(mark) ?? new Map<string, unknown>();
    this.#known.set(mark, known);
    const key = this.random.pick(keys);
    const value = { mark, number: this.random.below(1000) };
    const steps = {
      get: [
        8,
        async () => {
          const found = await storage.get(key);
          expectOwn(found, mark);
          assert.deepEqual(found, known.get(key));
        },
      ],
      keys: [
        2,
        async () => {
          const prefix = this.random.pick(['', 'ticket', 'ticket%']);
          const own = [...known.keys()].filter((each) => each.startsWith(prefix)).sort();
          assert.deepEqual(await storage.keys(prefix), own);
        },
      ],
      set: [
        1,
        async () => {
          await storage.set(key, value);
          known.set(key, value);
        },
      ],
      add: [
        1,
        async () => {
          assert.equal(await storage.add(key, value), !known.has(key));
          if (!known.has(key)) known.set(key, value);
        },
      ],
      delete: [
        1,
        async () => {
          await storage.delete(key);
          known.delete(key);
        },
      ],
    } satisfies Steps<string>;
    const name = pickStep(this.random, steps);
    await steps[name][1]();
    return `plugin values: ${name}`;
  }
}
