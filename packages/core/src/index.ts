export type * from './backend/vision-language-model.js';
export * from './conversation/chat-message.js';
export * from './errors.js';
export * from './generation/generation-options.js';
