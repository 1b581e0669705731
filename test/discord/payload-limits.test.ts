import { describe, expect, it } from 'vitest';
import { brokenLimit } from './payload-limits.ts';

const messages = '/channels/900000000000000001/messages';
const commands = '/applications/900000000000000001/commands';
const button = { type: 2, style: 2, label: 'Stop', custom_id: 'stop' };
const buttons = (count: number, from = 0) => ({
  type: 1,
  components: Array.from({ length: count }, (_, index) => ({
    ...button,
    custom_id: `stop ${from + index}`,
  })),
});
const slash = { name: 'ask', description: 'Asks' };
const option = (name: string, more = {}) => ({ type: 3, name, description: 'Text', ...more });
const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

describe('what stands for Discord in the tests', () => {
  it.each<[string, string, string, unknown]>([
    ['a text of 2,000 characters', 'POST', messages, { content: 'a'.repeat(2000) }],
    ['25 characters of nonce', 'POST', messages, { content: 'a', nonce: 'n'.repeat(25) }],
    ['5 rows of 5 buttons', 'POST', messages, { components: many(5, (n) => buttons(5, n * 5)) }],
    ['25 options', 'PUT', commands, [{ ...slash, options: many(25, (n) => option(`o${n}`)) }]],
    ['a call that it does not look at', 'DELETE', messages, { content: 7 }],
  ])('takes %s', (_, method, path, body) => {
    expect(brokenLimit(method, path, body)).toBeUndefined();
  });

  it.each<[string, string, string, unknown]>([
    ['2,001 characters', 'POST', messages, { content: 'a'.repeat(2001) }],
    ['2,001 in a change', 'PATCH', `${messages}/900000000000000002`, { content: 'a'.repeat(2001) }],
    ['an empty message', 'POST', messages, { content: '' }],
    ['a field that no message has', 'POST', messages, { content: 'a', contents: 'b' }],
    ['26 characters of nonce', 'POST', messages, { content: 'a', nonce: 'n'.repeat(26) }],
    ['an enforced nonce that is none', 'POST', messages, { content: 'a', enforce_nonce: true }],
    ['6 rows', 'POST', messages, { components: many(6, (n) => buttons(1, n)) }],
    ['6 buttons in a row', 'POST', messages, { components: [buttons(6)] }],
    ['two buttons of one id', 'POST', messages, { components: [buttons(1), buttons(1)] }],
    [
      'a custom_id of 101 characters',
      'POST',
      messages,
      { components: [{ type: 1, components: [{ ...button, custom_id: 'c'.repeat(101) }] }] },
    ],
    ['a command in capitals', 'PUT', commands, [{ ...slash, name: 'Ask' }]],
    ['a name of 33 characters', 'PUT', commands, [{ ...slash, name: 'a'.repeat(33) }]],
    ['101 of description', 'PUT', commands, [{ ...slash, description: 'a'.repeat(101) }]],
    ['26 options', 'PUT', commands, [{ ...slash, options: many(26, (n) => option(`o${n}`)) }]],
    [
      'a required option after one that is not',
      'PUT',
      commands,
      [{ ...slash, options: [option('a'), option('b', { required: true })] }],
    ],
    [
      '26 choices',
      'PUT',
      commands,
      [
        {
          ...slash,
          options: [
            option('a', { choices: many(26, (n) => ({ name: String(n), value: String(n) })) }),
          ],
        },
      ],
    ],
    ['two commands of one name', 'PUT', commands, [slash, slash]],
    [
      'a dialog with a title of 46 characters',
      'POST',
      '/interactions/900000000000000001/token/callback',
      {
        type: 9,
        data: {
          custom_id: 'ask',
          title: 'a'.repeat(46),
          components: [{ type: 1, components: [{ type: 4, custom_id: 'q', style: 2 }] }],
        },
      },
    ],
  ])('refuses %s', (_, method, path, body) => {
    expect(brokenLimit(method, path, body)).toContain(`${method} ${path}`);
  });
});
