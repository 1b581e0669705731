/** Durable values of one plugin in one tenant. Throws `store.failed`. */
export interface PluginStorage {
  /** Undefined when there is none. */
  get(key: string): Promise<unknown>;
  /** Keeps a JSON value of at most 1 MiB under a key of 1 to 500 characters. Throws `option.invalid`. */
  set(key: string, value: unknown): Promise<void>;
  /** Keeps it only where there is none yet, also when several try at once; gives whether it did. Throws `option.invalid`. */
  add(key: string, value: unknown): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Keys that begin with `prefix` (default all), sorted. */
  keys(prefix?: string): Promise<string[]>;
}
