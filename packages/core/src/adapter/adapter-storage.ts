/** Durable values of one adapter in one tenant, which go with the tenant when it is forgotten. Throws `store.failed`. */
export interface AdapterStorage {
  /** Undefined when there is none. */
  get(key: string): Promise<unknown>;
  /** Keeps a JSON value of at most 1 MiB under a key of 1 to 500 characters. Throws `option.invalid`. */
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
}
