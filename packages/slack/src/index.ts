export { createSlackAdapter } from './create-slack-adapter.js';
export type { SlackAdapterOptions } from './slack-options.js';
