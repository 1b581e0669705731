import { describe, expect, it } from 'vitest';
import { killInConversation } from './kill.ts';

const [kills, questions] = [10, 30];

describe('a bot on discord-digital-twin that is killed', () => {
  it('leaves no message unanswered, those posted or changed while it was away too, answers none twice and none that was deleted', async () => {
    const result = await killInConversation({ kills, questions });
    const wrong = { lost: 0, haunted: 0, twice: 0 };
    expect(result).toMatchObject({ questions, answered: questions, ...wrong, kills });
    expect(result.changed).toBeGreaterThan(0);
    expect(result.deleted).toBeGreaterThan(0);
  }, 180_000);
});
