import type pg from 'pg';

/** What is known of a connection that somebody uses. */
interface Use {
  sinceMs: number;
  looking: NodeJS.Timeout;
}

/**
 * Ends connections whose server is gone without a word, as after a fail-over: TCP alone notices it after a quarter of an
 * hour, and what uses them would wait as long. Of one that is used for long it is asked, on a new connection, whether
 * the server still has it; a statement that just takes long goes on. @internal
 */
export class ConnectionWatch {
  readonly #uses = new Map<pg.ClientBase, Use>();
  /** Ids of the server's processes, as the server says; a connection pooler between tells others. */
  readonly #processIds = new WeakMap<pg.ClientBase, Promise<number | undefined>>();

  /** `probe` asks a question on a connection of its own. */
  constructor(
    pool: pg.Pool,
    private readonly Client: typeof pg.Client,
    private readonly probe: (sql: string, values: unknown[]) => Promise<unknown[]>,
    private readonly stuckAfterMs: number,
  ) {
    pool.on('connect', (client) => this.#processIds.set(client, processIdOf(client)));
    pool.on('acquire', (client) => this.#begin(client));
    pool.on('release', (_, client) => this.#end(client));
    pool.on('remove', (client) => this.#end(client));
  }

  #begin(client: pg.ClientBase): void {
    this.#end(client);
    const looking = setInterval(() => void this.#look(client), this.stuckAfterMs).unref();
    this.#uses.set(client, { sinceMs: performance.now(), looking });
  }

  #end(client: pg.ClientBase): void {
    clearInterval(this.#uses.get(client)?.looking);
    this.#uses.delete(client);
  }

  async #look(client: pg.ClientBase): Promise<void> {
    const use = this.#uses.get(client);
    if (use === undefined || (await this.#isAtServer(client, use))) return;
    // Somebody else may use it by now.
    if (this.#uses.get(client) === use && client instanceof this.Client)
      client.connection.stream.destroy(new Error('Connection terminated: its server is gone'));
  }

  /** Also while nothing can be asked: then there is nobody to turn to. */
  async #isAtServer(client: pg.ClientBase, { sinceMs }: Use): Promise<boolean> {
    const seconds = (performance.now() - sinceMs) / 1000;
    try {
      const processId = await settled(this.#processIds.get(client));
      // One that never said which it is has answered nothing.
      if (processId === undefined) return (await this.probe('select 1', [])).length === 0;
      const found = await this.probe(
        `select 1 from pg_stat_activity
          where pid = $1 and backend_start < clock_timestamp() - make_interval(secs => $2)`,
        [processId, seconds / 2],
      );
      return found.length > 0;
    } catch {
      return true;
    }
  }
}

async function processIdOf(client: pg.ClientBase): Promise<number | undefined> {
  try {
    const { rows } = await client.query<{ id: number }>('select pg_backend_pid() as id');
    return rows[0]?.id;
  } catch {
    return undefined;
  }
}

/** What it gave already; undefined where it is not settled. */
function settled<Value>(promise: Promise<Value> | undefined): Promise<Value | undefined> {
  return Promise.race([promise, Promise.resolve(undefined)]);
}
