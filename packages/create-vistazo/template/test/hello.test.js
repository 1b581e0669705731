import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestBot } from '@vistazo/core/testing';
import { hello } from '../plugins/hello.js';

test('/hello greets by name', async (t) => {
  const bot = await createTestBot({ plugins: [hello({ greeting: 'Good morning' })] });
  t.after(() => bot.close());
  assert.equal(await bot.ask('/hello who=Ana'), 'Good morning, Ana!');
});
