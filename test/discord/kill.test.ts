import { describe, expect, it } from 'vitest';
import { killInConversation } from './kill.ts';

// Two halves, each of which takes seconds; the whole of it is `npm run chaos:discord`.
const [kills, questions] = [5, 15];

describe('a bot on discord-digital-twin that is killed', () => {
  it.each([
    ['early', 0],
    ['late', kills],
  ])(
    'leaves no message unanswered, those posted or changed while it was away too, answers none twice and none that was deleted, killed %s',
    async (_, firstKill) => {
      const result = await killInConversation({ kills, questions, firstKill });
      const wrong = { lost: 0, haunted: 0, twice: 0 };
      expect(result).toMatchObject({ questions, answered: questions, ...wrong, kills });
      expect(result.changed).toBeGreaterThan(0);
      expect(result.deleted).toBeGreaterThan(0);
    },
    180_000,
  );
});
