export type * from './backend/vision-language-model.js';
export type * from './bot/chat-service.js';
export * from './conversation/chat-message.js';
export type * from './conversation/context-plan.js';
export * from './conversation/message.js';
export * from './errors.js';
export * from './generation/generation-options.js';
export type * from './store/conversation-store.js';
