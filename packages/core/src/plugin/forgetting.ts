import type { Person } from '../conversation/message.js';
import type { PluginStorage } from '../store/plugin-storage.js';

/** Why something is forgotten, and what of a tenant. */
export type SharedForgetting = { readonly tenant: string } & (
  | {
      /** Somebody is to be forgotten: all that is theirs, and all that tells of them. */
      readonly reason: 'person';
      readonly person: Person;
    }
  | {
      /** It is older than things are kept. */
      readonly reason: 'age';
      /** In milliseconds since 1970. */
      readonly beforeMs: number;
    }
  | {
      /** The tenant goes, and the values of all plugins in it, which need not delete them. */
      readonly reason: 'tenant';
    }
);

/** The same as it is for one plugin, whether or not the tenant has it enabled. */
export type ForgetContext<Config = unknown> = SharedForgetting & {
  readonly config: Config;
  readonly storage: PluginStorage;
};
