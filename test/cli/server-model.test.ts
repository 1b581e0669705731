import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodPicture } from '../bad-pictures.ts';
import { CompletionServer } from '../core/backend/completion-server.ts';
import { runVistazo } from './run-vistazo.ts';

let folder: string;
let server: CompletionServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vistazo-cli-'));
  await writeFile(join(folder, 'good.png'), await goodPicture());
  server = await CompletionServer.start();
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const vistazo = (args: string[], env = {}) => runVistazo(args, { cwd: folder, env });

describe('vistazo with a model on a server', () => {
  it('asks it, with the key from the environment', async () => {
    await server.script({ pieces: ['Very', ' red.'] });
    const { code, out } = await vistazo(
      ['ask', 'good.png', 'Which color?', '--server', server.url, '--model', 'some-vlm', '--json'],
      { VISTAZO_SERVER_KEY: 'secret key' },
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ answer: 'Very red.', model: 'some-vlm' });
    expect(server.requests).toMatchObject([
      { headers: { authorization: 'Bearer secret key' }, body: { model: 'some-vlm' } },
    ]);
  });

  it('says in doctor whether it takes pictures', async () => {
    const data = [{ id: 'some-llm', architecture: { input_modalities: ['text'] } }];
    await server.say({ '/v1/models': { data } });
    await server.script({ pieces: ['Hi'] });
    const { out } = await vistazo(['doctor', '--server', server.url, '--model', 'some-llm']);
    await server.say({});
    expect(out).toContain('some-llm (server) answers, takes no pictures, first token after');
  });

  it('asks the next of several when the first fails', async () => {
    await server.script({ pieces: ['Red.'] });
    const servers = ['--server', 'http://127.0.0.1:1/v1', server.url];
    const { code, out } = await vistazo(['ask', 'Which color?', '--model', 'some-vlm', ...servers]);
    expect([code, out]).toEqual([0, 'Red.\n']);
  });

  it('sends its dialect’s samplers and a JSON Schema from a file', async () => {
    const schema = { type: 'object', properties: { color: { type: 'string' } } };
    await writeFile(join(folder, 'schema.json'), JSON.stringify(schema));
    await server.script({ pieces: ['{}'] });
    const { code } = await vistazo([
      ...['ask', 'Which color?', '--server', server.url, '--model', 'some-vlm'],
      ...['--server-dialect', 'vllm', '--top-k', '3', '--temperature', '1'],
      ...['--json-schema', 'schema.json'],
    ]);
    expect(code).toBe(0);
    expect(server.requests[0]?.body).toMatchObject({
      top_k: 3,
      response_format: { type: 'json_schema', json_schema: { schema } },
    });
  });

  it('names the server that refuses, and keeps the key to itself', async () => {
    await server.script({ status: 401, body: 'who is "wrong key"?' });
    const { code, out, err } = await vistazo(
      ['ask', 'Which color?', '--server', server.url, '--model', 'some-vlm'],
      { VISTAZO_SERVER_KEY: 'wrong key' },
    );
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(new URL(server.url).host);
    expect(err).toMatch(/\[endpoint\.failed\]\n$/);
    expect(err).not.toContain('wrong key');
  });

  it('is asked by doctor too', async () => {
    await server.script({ pieces: ['Red.'] });
    const args = ['doctor', '--json', '--server', server.url, '--model', 'some-vlm'];
    const { code, out } = await vistazo(args);
    const { findings } = JSON.parse(out);
    expect(code).toBe(0);
    expect(JSON.stringify(findings)).toContain(`some-vlm is on ${server.url}`);
    expect(server.requests.length).toBe(1);
  });

  it.each([
    ['no name of the model', ['--server', 'http://127.0.0.1:1/v1'], '--server needs --model'],
    ['an address that is none', ['--server', 'nowhere', '--model', 'm'], 'servers.0.baseUrl'],
    ['no length', ['--server', 'http://a/v1', '--model', 'm', '--context-length', 'x'], 'contextL'],
    ['a length for a local model', ['--context-length', '100'], 'are for a model on a --server'],
    ['an unknown dialect', ['--server-dialect', 'latin'], 'Allowed choices are openai, vllm'],
    ['a variant', ['--server', 'http://a/v1', '--model', 'm', '--variant', 'q4'], '--variant is'],
    ['a schema that is not there', ['--json-schema', 'nowhere.json'], 'not a file with JSON'],
    ['a schema beyond the embedded model', ['--json-schema', 'schema.json'], 'has uniqueItems'],
  ])('refuses %s, and exits with 2', async (_, flags, words) => {
    await writeFile(join(folder, 'schema.json'), '{"type":"array","uniqueItems":true}');
    const { code, out, err } = await vistazo(['ask', 'Which color?', ...flags]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(words);
    expect(err).toMatch(/^[^\n]+ \[option\.(invalid|unsupported)\]\n$/);
  });
});
