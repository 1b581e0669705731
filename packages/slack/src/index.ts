export { createSlackAdapter } from './create-slack-adapter.js';
export type { InstallationOptions } from './installations/installations.js';
export type { SlackAdapterOptions, SlackHttpOptions } from './slack-options.js';
