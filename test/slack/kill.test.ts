import { describe, expect, it } from 'vitest';
import { killInConversation } from './kill.ts';

const [kills, questions] = [5, 15];

describe('a bot on the fake of Slack that is killed', () => {
  it.each(['native', 'edits'] as const)(
    'leaves no message unanswered and answers none twice, streaming: %s',
    async (streaming) => {
      const result = await killInConversation({ kills, questions, streaming });
      expect(result).toEqual({ questions, answered: questions, lost: 0, twice: 0, kills });
    },
    180_000,
  );
});
