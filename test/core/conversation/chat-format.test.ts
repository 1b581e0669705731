import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { chatMessagesSchema } from '../../../packages/core/src/conversation/chat-message.ts';
import { chatMessagesJsonSchema } from '../../../packages/core/src/conversation/chat-messages-json-schema.ts';
import { parseChatMessages } from '../../../packages/core/src/conversation/parse-chat-messages.ts';

const picture = 'data:image/png;base64,iVBORw0KGgo=';
const stored = `sha256:${'0'.repeat(64)}`;
const user = (...content: unknown[]) => [{ role: 'user', content }];

describe('the chat format', () => {
  it.each([
    ['text alone', [{ role: 'user', content: 'Hello' }]],
    ['a system message', [{ role: 'system', content: [{ type: 'text', text: 'Be brief.' }] }]],
    ['a data URI', user({ type: 'image', image: picture })],
    [
      'a data URI of a kind that nobody told',
      user({ type: 'image', image: picture.replace('image/png', 'application/octet-stream') }),
    ],
    ['an address', user({ type: 'image', image: 'https://example.org/cat.png' })],
    ['a stored picture', user({ type: 'image', image: stored }, { type: 'text', text: 'What?' })],
    ['bytes', user({ type: 'image', image: new Uint8Array([1]) })],
    ['a video of frames', user({ type: 'video', video: [picture, stored] })],
    ['a video of one source', user({ type: 'video', video: picture })],
    [
      'a video whose times are known',
      user({ type: 'video', video: [picture, stored], atMs: [0, 1500], durationMs: 2000 }),
    ],
    ['no messages', []],
  ])('takes %s unchanged', (_, messages) => {
    expect(parseChatMessages(messages)).toEqual(messages);
  });

  it.each([
    ['messages is not', { role: 'user' }, 'use a list of messages'],
    ['messages[0] is not', ['Hello'], '{"role":…,"content":…}'],
    [
      'messages[1].role is not',
      [
        { role: 'user', content: '' },
        { role: 'bot', content: '' },
      ],
      'use "system", "user" or "assistant"',
    ],
    [
      'messages[0].content is not',
      [{ role: 'user', content: 7 }],
      'use a string, or a list of parts',
    ],
    ['messages[0].content is not', [{ role: 'user' }], 'use a string, or a list of parts'],
    [
      'messages[0] is not',
      [{ role: 'user', content: '', name: 'Ana' }],
      '"name" is not a known field',
    ],
    [
      'messages[0].content[1].image is not',
      user({ type: 'text', text: 'See' }, { type: 'image', image: '/etc/passwd' }),
      'use a data URI',
    ],
    [
      'messages[0].content[0].image is not',
      user({ type: 'image', image: 'file:///etc/passwd' }),
      'use a data URI',
    ],
    ['messages[0].content[0].image is not', user({ type: 'image' }), 'use a data URI'],
    [
      'messages[0].content[0].image is not',
      user({ type: 'image', image: 'sha256:12' }),
      'use a data URI',
    ],
    [
      'messages[0].content[0].type is not',
      user({ type: 'audio', audio: picture }),
      'use "text", "image" or "video"',
    ],
    ['messages[0].content[0].text is not', user({ type: 'text', text: null }), 'use a string'],
    [
      'messages[0].content[0].video is not',
      user({ type: 'video', video: [] }),
      'a list of such frames',
    ],
    [
      'messages[0].content[0].atMs is not',
      user({ type: 'video', video: [picture, picture], atMs: [0] }),
      'milliseconds from the beginning, one for each frame',
    ],
    [
      'messages[0].content[0].durationMs is not',
      user({ type: 'video', video: [picture], durationMs: -1 }),
      'use milliseconds, 0 or more',
    ],
    [
      'messages[0].content[0] is not',
      user({ type: 'text', text: 'a', image: picture }),
      '"image" is not a known field',
    ],
    ['messages[0].content[0] is not', user('Hello'), '{"type":"text","text":"…"}'],
  ])('names the place and the mend: %s …', (place, messages, mend) => {
    expect(() => parseChatMessages(messages)).toThrow(
      expect.objectContaining({
        name: 'VistazoError',
        code: 'chat.invalid',
        message: expect.stringMatching(
          new RegExp(`^${place.replace(/[[\].]/g, '\\$&')} in the chat format: `),
        ),
      }),
    );
    expect(() => parseChatMessages(messages)).toThrow(mend);
  });

  it('refuses with chat.invalid, and nothing else, whatever is not in the format', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        if (chatMessagesSchema.safeParse(value).success) return;
        expect(() => parseChatMessages(value)).toThrow(
          expect.objectContaining({ code: 'chat.invalid' }),
        );
      }),
    );
  });
});

const examples = new URL('../../reference/chat-format/', import.meta.url);

describe('the published JSON Schema', () => {
  // By the address that other packages use.
  const published = JSON.parse(
    readFileSync(new URL(import.meta.resolve('@vistazo/core/chat-messages.schema.json')), 'utf8'),
  );

  it.each(readdirSync(examples))(
    'and the API take %s, written as Hugging Face writes its examples',
    (name) => {
      const messages = JSON.parse(readFileSync(new URL(name, examples), 'utf8'));
      expect(parseChatMessages(messages)).toEqual(messages);
      expect(z.fromJSONSchema(published).safeParse(messages).error).toBeUndefined();
    },
  );

  it('is the one of the format (npm run schema -w packages/core writes it)', () => {
    expect(published).toEqual(chatMessagesJsonSchema());
  });

  const source = fc.oneof(
    fc.constantFrom(
      picture,
      stored,
      'https://example.org/a.png',
      'HTTP://example.org',
      'ftp://example.org/a.png',
      '/a.png',
      'sha256:1',
      '',
    ),
    fc.jsonValue(),
  );
  const part = fc.oneof(
    fc.record({ type: fc.constant('text'), text: fc.oneof(fc.string(), fc.jsonValue()) }),
    fc.record({ type: fc.constant('image'), image: source }, { requiredKeys: ['type'] }),
    fc.record({
      type: fc.constant('video'),
      video: fc.oneof(source, fc.array(source, { maxLength: 2 })),
    }),
    fc.record(
      { type: fc.constantFrom('text', 'audio'), text: fc.string(), extra: fc.boolean() },
      { requiredKeys: [] },
    ),
  );
  const message = fc.record({
    role: fc.constantFrom('system', 'user', 'assistant', 'bot'),
    content: fc.oneof(fc.string(), fc.array(part, { maxLength: 3 }), fc.jsonValue()),
  });

  it('accepts what the API accepts, and refuses the rest', () => {
    const bySchema = z.fromJSONSchema(published);
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(fc.array(message, { maxLength: 2 }), (messages) => {
        const accepted = chatMessagesSchema.safeParse(messages).success;
        expect(bySchema.safeParse(messages).success).toBe(accepted);
        seen[accepted ? 'accepted' : 'refused'] += 1;
      }),
      { numRuns: 500 },
    );
    expect(seen.accepted).toBeGreaterThan(20);
    expect(seen.refused).toBeGreaterThan(20);
  });
});
