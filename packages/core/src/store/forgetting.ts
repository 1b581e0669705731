import type { Person } from '../conversation/message.js';

/** Whose everything is forgotten: a tenant's, or one person's in it. */
export interface ForgetRequest {
  tenant: string;
  /** Default: all of the tenant. */
  person?: Person;
}

/** What was forgotten. */
export interface Forgotten {
  /** Messages, answers to them included. */
  messages: number;
}
