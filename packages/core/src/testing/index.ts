export { type AdapterFixture, adapterContract, type ContractCase } from './adapter-contract.js';
export type { SeenPicture } from './announcement-contract.js';
export { createTestBot, type TestBot, type TestBotOptions } from './create-test-bot.js';
export {
  type ButtonPressing,
  MemoryAdapter,
  type PersonMessage,
  type SeenPost,
} from './memory-adapter.js';
export { type Script, ScriptedModel } from './scripted-model.js';
export { TestClock } from './test-clock.js';
export { testHost } from './test-host.js';
