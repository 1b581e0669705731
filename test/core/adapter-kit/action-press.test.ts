import { describe, expect, it } from 'vitest';
import type { ReplyAction } from '../../../packages/core/src/adapter/reply-action.ts';
import {
  actionDialogIdOf,
  actionIdOf,
  readActionDialogId,
  readActionId,
  readButtonId,
} from '../../../packages/core/src/adapter-kit/index.ts';

const options = {
  number: 5,
  share: -0.25,
  isUrgent: true,
  text: 'a b&c=d,é %20',
  like: '5',
  quoted: '"true"',
  word: 'true',
  empty: '',
};
const action: ReplyAction = {
  label: 'Correct',
  command: { name: 'ticket', options },
  ask: [{ option: 'summary', value: 'It broke.' }, { option: 'next-step' }],
};
const pressed = { command: action.command, asked: ['summary', 'next-step'] };

describe("the id of an action's button", () => {
  it('says all that is called and asked for, to the type of each value', () => {
    expect(readActionId(actionIdOf(action, 3, 1000))).toEqual({ index: 3, called: pressed });
    const bare = { label: 'Close', command: { name: 'close', options: {} } };
    const called = { command: bare.command, asked: [] };
    expect(readActionId(actionIdOf(bare, 0, 100))).toEqual({ index: 0, called });
    const id = actionDialogIdOf(action.command, 2, '123', 1000);
    expect(readActionDialogId(id)).toEqual({ index: 2, postId: '123', command: action.command });
  });

  it('says which action it is where there is no room for more', () => {
    const id = actionIdOf(action, 3, 100);
    expect(id.length).toBeLessThanOrEqual(100);
    expect(readActionId(id)).toEqual({ index: 3, called: undefined });
    const dialogId = actionDialogIdOf(action.command, 2, '123', 100);
    expect(readActionDialogId(dialogId)).toEqual({ index: 2, postId: '123', command: undefined });
  });

  it.each([
    'vistazo call',
    'vistazo call 12 ticket  ',
    'vistazo call 1 %E0%A4%A  ',
    'vistazo call 1 ticket a=%22 ',
    'vistazo fill 1',
    'vistazo fill 1 2 %E0%A4%A ',
    'vistazo stop 1 2',
    '',
  ])('that somebody made up is none: %s', (id) => {
    expect(readActionId(id)).toBeUndefined();
    expect(readActionDialogId(id)).toBeUndefined();
  });

  it('is no id of the buttons that an adapter has itself', () => {
    expect(readButtonId(actionIdOf(action, 3, 1000))).toBeUndefined();
    expect(readButtonId(actionIdOf(action, 3, 20))).toBeUndefined();
  });
});
