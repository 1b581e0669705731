import { readdirSync, readFileSync } from 'node:fs';

/** What a contender is asked to measure. */
export interface Task {
  modelFolder: string;
  /** Weights: the name of the set, as both contenders call it. */
  dtype: 'fp32' | 'q4';
  intraOpThreads: number;
  maxNewTokens: number;
  /** Answers before the measured ones; their pictures are not shown again. */
  warmUps: number;
  repetitions: number;
  question: string;
  secondQuestion: string;
  /** Whether transformers.js answers again on Vistazo's pixels, see {@link pixelValuesFile}. */
  checksPixels?: boolean;
  /** Files by scenario; one is used up by each warm-up and repetition. */
  pictures: Record<string, string[]>;
}

/** Where the pixel values lie that Vistazo makes of a picture. */
export const pixelValuesFile = (picture: string): string => `${picture}.f32`;

/** One answer. */
export interface Answer {
  text: string;
  preprocessMs: number;
  encodeMs: number;
  timeToFirstTokenMs: number;
  answerTokens: number;
  /** After the first token. */
  tokensPerSecond: number;
  /** The longest time in which the process that asks could do nothing else. */
  stallMs: number;
}

/** What a contender found; a list has one entry a repetition. */
export interface Findings {
  loadMs: number;
  answers: Record<string, Answer[]>;
  secondTurns: Answer[];
  /** Texts of the measured answers, asked again of Vistazo's pixels; only of the rival. */
  textsOfSamePixels?: Record<string, string[]>;
  /** Of all processes together; absent where /proc is. */
  peakBytes?: number;
  /** What they hold after the answers, shared pages counted once; absent where /proc is. */
  heldBytes?: number;
}

/** A text message, and a picture file before it where there is one. */
export interface Turn {
  role: 'user' | 'assistant';
  text: string;
  picture?: string;
}

/** Measures the longest stall of this process from now until the returned function is called. */
export function watchStalls(): () => number {
  const everyMs = 5;
  let [last, worst] = [performance.now(), 0];
  const look = () => {
    const now = performance.now();
    worst = Math.max(worst, now - last - everyMs);
    last = now;
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    look();
    return worst;
  };
}

/** Runs a task: `answer` makes one answer of a conversation. */
export async function perform(
  task: Task,
  loadMs: number,
  answer: (turns: Turn[]) => Promise<Answer>,
): Promise<Findings> {
  const findings: Findings = { loadMs, answers: {}, secondTurns: [] };
  for (const [scenario, files] of Object.entries(task.pictures)) {
    const answers: Answer[] = [];
    for (const picture of files.slice(0, task.warmUps + task.repetitions)) {
      const first: Turn = { role: 'user', text: task.question, picture };
      const given = await answer([first]);
      answers.push(given);
      if (scenario !== Object.keys(task.pictures)[0]) continue;
      const spoken: Turn = { role: 'assistant', text: given.text };
      findings.secondTurns.push(
        await answer([first, spoken, { role: 'user', text: task.secondQuestion }]),
      );
    }
    findings.answers[scenario] = answers.slice(task.warmUps);
  }
  findings.secondTurns = findings.secondTurns.slice(task.warmUps);
  return { ...findings, ...memoryOfTree(process.pid) };
}

/** Memory of a process and all below it, added up. */
function memoryOfTree(root: number): Pick<Findings, 'peakBytes' | 'heldBytes'> {
  try {
    const parents = new Map(
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((name) => [Number(name), procField(name, 'PPid')]),
    );
    const below = (pid: number): number[] => [
      pid,
      ...[...parents].filter(([, parent]) => parent === pid).flatMap(([child]) => below(child)),
    ];
    const sum = (name: string, file: string) =>
      below(root).reduce((total, pid) => total + procField(String(pid), name, file) * 1024, 0);
    // A page that n processes share counts as one nth in each of them.
    return { peakBytes: sum('VmHWM', 'status'), heldBytes: sum('Pss', 'smaps_rollup') };
  } catch {
    return {};
  }
}

function procField(pid: string, name: string, file = 'status'): number {
  try {
    const status = readFileSync(`/proc/${pid}/${file}`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  } catch {
    // The process ended meanwhile.
    return 0;
  }
}
