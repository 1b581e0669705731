/** Right answers of a task. */
export interface Score {
  right: number;
  of: number;
}

/** Scores per task and over all, the shape `vistazo eval --json` prints. */
export interface Scores extends Score {
  tasks: Record<string, Score>;
}

/** Whether two answers are the same but for case, surrounding blanks and a final full stop. */
export function sameAnswer(given: string, expected: string): boolean {
  return canonical(given) === canonical(expected);
}

function canonical(answer: string): string {
  return answer.normalize('NFC').trim().replace(/\.$/, '').trim().toLowerCase();
}

/** Adds up results, tasks in the order they first appear. */
export function scoresOf(results: readonly { task: string; right: boolean }[]): Scores {
  const tasks = new Map<string, Score>();
  const all: Score = { right: 0, of: 0 };
  for (const { task, right } of results) {
    const score = tasks.get(task) ?? { right: 0, of: 0 };
    tasks.set(task, score);
    for (const each of [score, all]) {
      each.of += 1;
      each.right += right ? 1 : 0;
    }
  }
  return { tasks: Object.fromEntries(tasks), ...all };
}
