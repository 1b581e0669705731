import { Client } from 'discord.js';
import { expect, it, onTestFinished, vi } from 'vitest';
import { listen } from './listen.ts';

it('keeps nobody in memory who writes where the bot is on Discord', async () => {
  const login = vi.spyOn(Client.prototype, 'login');
  onTestFinished(() => login.mockRestore());
  const { twin, event } = await listen();
  await event('message', await twin.ask('What is this?'));
  const [client] = login.mock.contexts;
  if (!(client instanceof Client)) throw new Error('No client logged in.');
  expect(client.users.cache.map(({ id }) => id)).toEqual([twin.digital.botUserId]);
});
