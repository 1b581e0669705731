import assert from 'node:assert/strict';
import type { KnownMessage } from '../adapter/adapter.js';
import type { CommandDescription } from '../adapter/command-description.js';
import type { ReplyAction } from '../adapter/reply-action.js';
import type { ContractCase } from './adapter-contract.js';
import type { MessageOf, Trial } from './contract-trial.js';

/** Made known to every adapter that is tried. @internal */
export const contractCommand: CommandDescription = {
  name: 'colour',
  description: 'Names a colour',
  options: [
    { name: 'of', description: 'Of what', type: 'string', required: true },
    {
      name: 'shade',
      description: 'Light or dark',
      type: 'string',
      required: false,
      choices: ['light', 'dark'],
    },
    { name: 'strong', description: 'Or pale', type: 'boolean', required: false },
  ],
  pictures: 'optional',
};

/** One that is called at once, and one that has too much to say for any button. */
const contractActions: readonly ReplyAction[] = [
  { label: 'Sky', command: { name: 'colour', options: { of: 'the sky' } }, style: 'primary' },
  {
    label: 'Sea',
    command: { name: 'colour', options: { of: `the sea${' and the sea'.repeat(30)}` } },
  },
];
const askingAction: ReplyAction = {
  label: 'Other',
  command: { name: 'colour', options: { strong: true } },
  ask: [
    { option: 'of', value: 'grass' },
    { option: 'shade', value: 'dark' },
  ],
};

/** What adapters keep to that have buttons. @internal */
export function actionRules(
  rule: (name: string, check: (trial: Trial) => Promise<void>) => ContractCase,
  targetOf: (event: MessageOf<'message'>) => KnownMessage,
): ContractCase[] {
  return [
    rule('shows actions below an answer, if it says it has buttons', async (trial) => {
      if (!trial.adapter.capabilities.buttons) return;
      const { fixture, signal } = trial;
      assert.ok(fixture.actions, 'a fixture of a platform with buttons tells which there are');
      assert.ok(trial.adapter.edit, 'an adapter with buttons can change them');
      const event = await trial.question();
      const { messageId } = event;
      const postId = await trial.post(event, 'One.', 'key-1', contractActions);
      assert.deepEqual(await fixture.actions(messageId), ['Sky', 'Sea']);
      const [first] = contractActions;
      const posted = { ...targetOf(event), postId };
      const changed = { ...posted, actions: first === undefined ? [] : [first] };
      await trial.adapter.edit(changed, 'Two.', { signal });
      assert.deepEqual(await fixture.actions(messageId), ['Sky']);
      await trial.adapter.edit(posted, 'Three.', { signal });
      assert.deepEqual(await fixture.actions(messageId), []);
    }),
    rule('hands over the calls of actions that people press, if it has buttons', async (trial) => {
      if (!trial.adapter.capabilities.buttons) return;
      const event = await trial.question();
      await trial.post(event, 'One.', 'key-1', contractActions);
      for (const { label, command } of contractActions) {
        const called = await trial.press(event, label, {});
        assert.deepEqual(called.command, command);
        assert.equal(called.conversationKey, event.conversationKey);
        assert.notEqual(called.author.id, '');
      }
    }),
    rule('asks for the options of an action in a dialog, if it has those', async (trial) => {
      const { buttons, modals } = trial.adapter.capabilities;
      if (!buttons || !modals) return;
      const event = await trial.question();
      await trial.post(event, 'One.', 'key-1', [askingAction]);
      const { label } = askingAction;
      const shown = await trial.press(event, label, {});
      // What can be left out is not given where it stays as it is shown.
      assert.deepEqual(shown.command?.options, { strong: true, of: 'grass' });
      const changed = await trial.press(event, label, { of: 'snow', shade: 'light' });
      assert.deepEqual(changed.command?.options, { strong: true, of: 'snow', shade: 'light' });
    }),
  ];
}
