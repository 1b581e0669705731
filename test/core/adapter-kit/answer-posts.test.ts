import { AnswerPostsByQuestion } from '@vistazo/core/adapter-kit';
import { expect, it } from 'vitest';

const place = { conversationKey: 'C1', messageId: 'M1' };

it('knows the posts of an answer in one tenant, and not those of the same message in another one', () => {
  const answers = new AnswerPostsByQuestion();
  answers.of({ tenant: 'one', ...place }).askerId = 'ana';
  answers.of({ tenant: 'other', ...place }).askerId = 'ben';
  expect(answers.of({ tenant: 'one', ...place }).askerId).toBe('ana');
});

it('forgets those of a tenant, but for answers that are under way', () => {
  const answers = new AnswerPostsByQuestion();
  for (const tenant of ['one', 'other'])
    for (const messageId of ['M1', 'M2'])
      Object.assign(answers.of({ tenant, conversationKey: 'C1', messageId }), {
        askerId: 'ana',
        isUnderWay: messageId === 'M2',
      });
  answers.forgotten((tenant) => tenant === 'one');
  const known = (tenant: string, messageId: string) =>
    answers.of({ tenant, conversationKey: 'C1', messageId }).askerId !== undefined;
  expect([known('one', 'M1'), known('one', 'M2')]).toEqual([false, true]);
  expect([known('other', 'M1'), known('other', 'M2')]).toEqual([true, true]);
});
