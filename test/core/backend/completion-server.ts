import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { fileURLToPath } from 'node:url';

/** What the server does with one request. */
export type Reply =
  | { status: number; headers?: Record<string, string>; body?: string }
  | {
      pieces: string[];
      /** Parts of tool calls, after the pieces. */
      toolCalls?: object[];
      finish?: string;
      usage?: { prompt_tokens: number; completion_tokens: number };
      /** Before each piece. */
      pauseMs?: number;
      /** What follows the pieces. Default `done`. */
      after?: 'done' | 'hang' | 'cut' | 'silence' | 'nonsense' | 'fault' | 'idle' | 'endless';
      /** What is written again and again when it is `endless`. Default the last piece. */
      endless?: string;
    };

/** A request as the server saw it. */
export interface SeenRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

/** What the process says. */
export type ServerMessage =
  | { type: 'listening'; port: number }
  | { type: 'scripted' }
  | { type: 'request'; request: SeenRequest }
  /** It was asked for something else than a completion. */
  | { type: 'fact'; path: string }
  | { type: 'closed' };

/** What the process is told. */
export type ParentMessage =
  | { type: 'script'; replies: Reply[] }
  | { type: 'facts'; facts: Record<string, unknown> }
  | { type: 'recorded' };

/** A scripted server of chat completions that runs in a process of its own, on loopback. */
export class CompletionServer {
  /** Since the last script. */
  requests: SeenRequest[] = [];
  /** Paths besides completions that were asked for since the last script. */
  factPaths: string[] = [];
  /** Responses since the last script that are over, by whichever side. */
  closedResponses = 0;
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    child.on('message', (message: ServerMessage) => {
      if (message.type === 'request') {
        this.requests.push(message.request);
        this.#tell({ type: 'recorded' });
      }
      if (message.type === 'fact') this.factPaths.push(message.path);
      if (message.type === 'closed') this.closedResponses += 1;
    });
  }

  static async start(): Promise<CompletionServer> {
    const path = fileURLToPath(new URL('./completion-server-process.ts', import.meta.url));
    const child = fork(path, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [message]: ServerMessage[] = await once(child, 'message');
    if (message?.type !== 'listening') throw new Error('The server did not start');
    return new CompletionServer(child, `http://127.0.0.1:${message.port}/v1`);
  }

  /** The replies to the requests to come, one for each. */
  async script(...replies: Reply[]): Promise<void> {
    this.requests = [];
    this.factPaths = [];
    this.closedResponses = 0;
    await this.#tellSafely({ type: 'script', replies });
  }

  /** What it gives at other paths than that of completions. */
  async say(facts: Record<string, unknown>): Promise<void> {
    await this.#tellSafely({ type: 'facts', facts });
  }

  /** Resolves when it is heard. */
  async #tellSafely(told: ParentMessage): Promise<void> {
    const added = new Promise<void>((resolve) => {
      const look = (message: ServerMessage) => {
        if (message.type !== 'scripted') return;
        this.#child.off('message', look);
        resolve();
      };
      this.#child.on('message', look);
    });
    this.#tell(told);
    await added;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #tell(message: ParentMessage): void {
    this.#child.send(message);
  }
}
