import { describe, expect, it } from 'vitest';
import { killInConversation } from './kill.ts';

const [kills, questions] = [10, 30];

describe('a bot on discord-digital-twin that is killed', () => {
  it('leaves no message unanswered, those posted while it was away too, and answers none twice', async () => {
    const result = await killInConversation({ kills, questions });
    expect(result).toEqual({ questions, answered: questions, lost: 0, twice: 0, kills });
  }, 180_000);
});
