import {
  type ChatMessage,
  createBot,
  openSqliteStore,
  type VisionLanguageModel,
} from '@vistazo/core';
import { ScriptedModel } from '@vistazo/core/testing';
import { createDiscordAdapter } from '@vistazo/discord';

/** Says slowly what it was asked. */
class Echo extends ScriptedModel {
  override generate(...given: Parameters<VisionLanguageModel['generate']>) {
    const [messages] = given;
    const gate = () => new Promise<void>((resolve) => setTimeout(resolve, 40));
    this.say({ pieces: ['You ', 'asked: ', textOf(messages.at(-1)), ' That ', 'is all.'], gate });
    return super.generate(...given);
  }
}

function textOf(message: ChatMessage | undefined): string {
  if (typeof message?.content === 'string') return message.content;
  return (message?.content ?? [])
    .flatMap((part) => (part.type === 'text' ? [part.text] : []))
    .join('');
}

// A bot in a process of its own, to be killed: node kill-worker.ts API TOKEN DATABASE LINK-PREVIEW-MS
const [api = '', token = '', path = '', linkPreviewMs = ''] = process.argv.slice(2);
const bot = createBot({
  model: new Echo(),
  store: await openSqliteStore({ path }),
  adapters: [
    createDiscordAdapter({
      token,
      notify: () => {},
      linkPreviewMs: Number(linkPreviewMs),
      clientOptions: { rest: { api, version: '10' } },
    }),
  ],
  log: { level: 'silent' },
  limits: { leaseMs: 1000, pollMs: 50, perPerson: null, perTenant: null, maxOpenPerPerson: 1000 },
});
await bot.start();
process.stdout.write('ready\n');
