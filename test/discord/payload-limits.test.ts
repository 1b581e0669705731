import { describe, expect, it } from 'vitest';
import { brokenLimit, type Upload } from './payload-limits.ts';

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
const serverCommands = '/applications/900000000000000001/guilds/900000000000000002/commands';
const callback = '/interactions/900000000000000001/token/callback';
const threads = `${messages}/900000000000000002/threads`;
const refresh = '/attachments/refresh-urls';
const input = { type: 4, custom_id: 'question', style: 2 };
const inRow = { ...input, label: 'Question' };
const upload = { type: 19, custom_id: 'files', min_values: 0, max_values: 10, required: false };
const long = 'a'.repeat(46);
const field = (component: object) => ({ type: 18, label: 'Field', component });
const dialog = (components: readonly object[], titleLength = 45) => ({
  type: 9,
  data: { custom_id: 'ask', title: 'a'.repeat(titleLength), components },
});
const file = { field: 'files[0]', name: 'answer.md', sizeBytes: 10 };
const attached = () => ({ content: 'a', attachments: [{ id: 0, filename: 'answer.md' }] });
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
    ['a thread of 100 characters', 'POST', threads, { name: 'a'.repeat(100) }],
    ['50 addresses', 'POST', refresh, { attachment_urls: many(50, (n) => `https://a.b/${n}`) }],
    ['an acknowledgement', 'POST', callback, { type: 5, data: { flags: 64 } }],
    ['a dialog with a file upload', 'POST', callback, dialog([field(upload)])],
    ['a dialog with rows', 'POST', callback, dialog([{ type: 1, components: [inRow] }])],
    ['commands in a server', 'PUT', serverCommands, [slash]],
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
    ['101 commands', 'PUT', commands, many(101, (n) => ({ ...slash, name: `c${n}` }))],
    ['6 on messages', 'PUT', commands, many(6, (n) => ({ type: 3, name: `c${n}` }))],
    ['one on messages with a description', 'PUT', commands, [{ ...slash, type: 3 }]],
    [
      'two options of one name in Spanish',
      'PUT',
      commands,
      [
        {
          ...slash,
          options: many(2, (n) => option(`o${n}`, { name_localizations: { 'es-ES': 'uno' } })),
        },
      ],
    ],
    ['an unknown locale', 'PUT', commands, [{ ...slash, name_localizations: { spanish: 'a' } }]],
    [
      'a command of more than 8,000 characters',
      'PUT',
      commands,
      [
        {
          ...slash,
          options: many(25, (n) =>
            option(`o${n}`, {
              choices: many(4, (value) => ({ name: 'a'.repeat(100), value: String(value) })),
            }),
          ),
        },
      ],
    ],
    ['contexts in one server', 'PUT', serverCommands, [{ ...slash, contexts: [0] }]],
    ['a dialog with a title of 46 characters', 'POST', callback, dialog([field(input)], 46)],
    ['a dialog of 6 fields', 'POST', callback, dialog(many(6, () => field(input)))],
    ['two fields of one id', 'POST', callback, dialog([field(input), field(input)])],
    ['11 files of a field', 'POST', callback, dialog([field({ ...upload, max_values: 11 })])],
    ['a required field of none', 'POST', callback, dialog([field({ ...upload, required: true })])],
    ['a file upload in a row', 'POST', callback, dialog([{ type: 1, components: [upload] }])],
    ['two labels of one field', 'POST', callback, dialog([field(inRow)])],
    ['a label of 46 characters', 'POST', callback, dialog([{ ...field(input), label: long }])],
    [
      'an acknowledgement that says something',
      'POST',
      callback,
      { type: 5, data: { content: 'a' } },
    ],
    ['an empty answer', 'POST', callback, { type: 4, data: {} }],
    ['a kind of answer that is none', 'POST', callback, { type: 2 }],
    ['a thread without a name', 'POST', threads, { name: '' }],
    ['a thread of 101 characters', 'POST', threads, { name: 'a'.repeat(101) }],
    ['a thread of 2 hours', 'POST', threads, { name: 'a', auto_archive_duration: 120 }],
    ['51 addresses', 'POST', refresh, { attachment_urls: many(51, (n) => `https://a.b/${n}`) }],
    ['what is no address', 'POST', refresh, { attachment_urls: ['a'] }],
    ['an attachment without its file', 'POST', messages, attached()],
  ])('refuses %s', (_, method, path, body) => {
    expect(brokenLimit(method, path, body)).toContain(`${method} ${path}`);
  });

  it('takes a file that its body tells of', () => {
    expect(brokenLimit('POST', messages, attached(), [file])).toBeUndefined();
  });

  it.each<[string, Upload[]]>([
    ['in another field', [{ ...file, field: 'files[1]' }]],
    ['in a field that is none', [file, { ...file, field: 'file' }]],
    ['twice', [file, file]],
    ['with a path for a name', [{ ...file, name: '../answer.md' }]],
    ['of more than 10 MiB', [{ ...file, sizeBytes: 10 * 1024 * 1024 + 1 }]],
    ['beside ten others', many(11, (n) => ({ ...file, field: `files[${n}]` }))],
  ])('refuses a file %s', (_, uploads) => {
    expect(brokenLimit('POST', messages, attached(), uploads)).toContain(`POST ${messages}`);
  });
});
