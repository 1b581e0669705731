export { createDiscordAdapter } from './create-discord-adapter.js';
export type { DiscordAdapterOptions } from './discord-options.js';
