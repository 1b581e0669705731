import { readFileSync, readlinkSync } from 'node:fs';

/** Which process something belongs to. @internal */
export interface ProcessMarks {
  pid: number;
  /** Since the machine started, in the unit of the kernel; 0 where it does not say. Ids are used again. */
  startedAt: number;
  /** Containers have ids of processes of their own; 0 where there are none. */
  namespace: number;
}

/** Marks a process in the name of a file. @internal */
export function marksOf(pid: number): string {
  return `${pid}-${startOf(pid) ?? 0}-${ownNamespace}`;
}

/** The marks that a name begins with, if any. @internal */
export function parseMarks(name: string): ProcessMarks | undefined {
  const match = /^(\d+)-(\d+)-(\d+)-/.exec(name);
  if (match === null) return undefined;
  const [pid = 0, startedAt = 0, namespace = 0] = match.slice(1).map(Number);
  return { pid, startedAt, namespace };
}

/** Whether the process still runs; undefined where that cannot be seen, as in another container. @internal */
export function isRunning({ pid, startedAt, namespace }: ProcessMarks): boolean | undefined {
  if (namespace !== ownNamespace) return undefined;
  if (startedAt > 0) return startOf(pid) === startedAt;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // That of another user runs, though it may not be signalled.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process started, on Linux; undefined elsewhere, and where there is none. */
function startOf(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Its name, in brackets, may hold spaces; the start is the 20th field after it.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return Number(fields[19]);
  } catch {
    return undefined;
  }
}

const ownNamespace = namespaceNumber();

function namespaceNumber(): number {
  try {
    return Number(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? 0);
  } catch {
    return 0;
  }
}
