export { MemoryAdapter, type PersonMessage, type SeenPost } from './memory-adapter.js';
