import { describe, expect, it } from 'vitest';
import type { PlatformEvent } from '../../../packages/core/src/adapter/platform-event.ts';
import {
  type AdapterFixture,
  adapterContract,
} from '../../../packages/core/src/testing/adapter-contract.ts';
import { MemoryAdapter } from '../../../packages/core/src/testing/memory-adapter.ts';

type Posted = PlatformEvent & { type: 'message' };

/** A platform in memory, whose adapter may be one with a fault. */
function newFixture(adapter = new MemoryAdapter({ maxTextLength: 300 })) {
  return async (): Promise<AdapterFixture> => {
    const posted = new Map<string, Posted>();
    const get = (messageId: string) => {
      const event = posted.get(messageId);
      if (event === undefined) throw new Error(`There is no message ${messageId}.`);
      return event;
    };
    return {
      adapter,
      async post(text, pictures = []) {
        const event = await adapter.say(text, { pictures });
        posted.set(event.messageId, event);
        return event.messageId;
      },
      redeliver: async (id) => void (await adapter.deliver(get(id))),
      edit: async (id, text) =>
        void (await adapter.deliver({ ...get(id), type: 'edited', eventId: `edit ${id}`, text })),
      delete: async (id) =>
        void (await adapter.deliver({ ...get(id), type: 'deleted', eventId: `deletion ${id}` })),
      stop: async (id) =>
        void (await adapter.deliver({ ...get(id), type: 'cancelled', eventId: `stop ${id}` })),
      leave: (tenant) => adapter.leave(tenant),
      rate: (messageId, rating) => adapter.rate(rating, { messageId }),
      async command(name, options) {
        return (await adapter.say('', { command: { name, options } })).messageId;
      },
      actions: async (id) =>
        adapter.posts
          .filter(({ messageId }) => messageId === id)
          .flatMap(({ actions }) => actions.map(({ label }) => label)),
      press: async (_, label, values) => (await adapter.press(label, { values })).messageId,
      announcements: async (key) =>
        adapter.posts
          .filter((post) => post.isAnnouncement && post.conversationKey === key)
          .map(({ text }) => text),
      pictures: async (key) =>
        adapter.posts
          .filter((post) => post.isAnnouncement && post.conversationKey === key)
          .flatMap(({ pictures }) => pictures),
      answers: async (id) =>
        adapter.posts.filter(({ messageId }) => messageId === id).map(({ text }) => text),
    };
  };
}

describe('the platform in memory', () => {
  it.each(adapterContract)('$name', ({ run }) => run(newFixture()));
});

describe('the platform in memory with commands of its own', () => {
  it.each(adapterContract)('$name', ({ run }) =>
    run(newFixture(new MemoryAdapter({ maxTextLength: 300, commands: true }))),
  );
});

const withButtons = { maxTextLength: 300, buttons: true, modals: true };

describe('the platform in memory with buttons', () => {
  it.each(adapterContract)('$name', ({ run }) => run(newFixture(new MemoryAdapter(withButtons))));
});

const withPictures = { maxTextLength: 300, postedPictures: { maxPerPost: 2, maxBytes: 1000 } };

describe('the platform in memory with pictures', () => {
  it.each(adapterContract)('$name', ({ run }) => run(newFixture(new MemoryAdapter(withPictures))));
});

class Blind extends MemoryAdapter {
  override post(...[reply, options]: Parameters<MemoryAdapter['post']>) {
    return super.post({ ...reply, pictures: [] }, options);
  }
}

class Plain extends MemoryAdapter {
  override post(...[reply, options]: Parameters<MemoryAdapter['post']>) {
    return super.post({ ...reply, actions: [] }, options);
  }
}

class Sticky extends MemoryAdapter {
  override async edit(...[posted, text, options]: Parameters<MemoryAdapter['edit']>) {
    const actions = this.posts.find(({ id }) => id === posted.postId)?.actions ?? [];
    await super.edit({ ...posted, actions }, text, options);
  }
}

class Forgetful extends MemoryAdapter {
  #count = 0;
  override post(...[reply, options]: Parameters<MemoryAdapter['post']>) {
    this.#count += 1;
    return super.post({ ...reply, idempotencyKey: `${this.#count}` }, options);
  }
}

class Short extends MemoryAdapter {
  override post(...[reply, options]: Parameters<MemoryAdapter['post']>) {
    return super.post({ ...reply, text: reply.text.slice(0, 100) }, options);
  }
}

class Stubborn extends MemoryAdapter {
  override async edit() {}
  override async remove() {}
}

describe('an adapter that breaks the contract', () => {
  it.each([
    ['posts twice for one key', new Forgetful(), 'posts once for each key'],
    ['cuts what it says it can post', new Short(), 'posts messages as long as it says it can'],
    ['changes nothing', new Stubborn(), 'changes posted messages in place, if it says it can'],
    [
      'shows no buttons',
      new Plain(withButtons),
      'shows actions below an answer, if it says it has buttons',
    ],
    [
      'leaves buttons that are gone',
      new Sticky(withButtons),
      'shows actions below an answer, if it says it has buttons',
    ],
    [
      'shows no pictures',
      new Blind(withPictures),
      'shows the pictures of an announcement once, if it says it can',
    ],
    ['takes nothing away', new Stubborn(), 'takes posted messages away, if it can'],
  ])('is told so when it %s', async (_, adapter, name) => {
    const broken = adapterContract.find((each) => each.name === name);
    await expect(broken?.run(newFixture(adapter))).rejects.toThrow();
  });
});
