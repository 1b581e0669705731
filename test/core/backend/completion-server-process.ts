// A server of chat completions in a process of its own: answers each request with the next reply of its script.
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { ParentMessage, Reply, ServerMessage } from './completion-server.ts';

const script: Reply[] = [];
let facts: Record<string, unknown> = {};
/** Those of the requests that the parent has not recorded yet. */
const unrecorded: (() => void)[] = [];

const tell = (message: ServerMessage) => process.send?.(message);

async function stream(response: ServerResponse, reply: Extract<Reply, { pieces: unknown }>) {
  const { pieces, toolCalls = [], finish = 'stop', usage, pauseMs = 0, after = 'done' } = reply;
  const say = (data: object) => response.write(`data: ${JSON.stringify(data)}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': a comment\n\n');
  say({ choices: [{ delta: { role: 'assistant', content: '' }, finish_reason: null }] });
  for (const content of pieces) {
    await wait(pauseMs);
    say({ choices: [{ delta: { content }, finish_reason: null }] });
  }
  for (const part of toolCalls)
    say({ choices: [{ delta: { tool_calls: [part] }, finish_reason: null }] });
  if (after === 'hang') return;
  if (after === 'idle') return void say({ choices: [{ delta: {}, finish_reason: finish }] });
  if (after === 'endless') {
    const { endless = '' } = reply;
    const again = () => {
      if (endless === '') say({ choices: [{ delta: { content: pieces.at(-1) } }] });
      else response.write(endless);
    };
    const timer = setInterval(again, 5);
    return void response.once('close', () => clearInterval(timer));
  }
  if (after === 'nonsense') response.write('data: <html>\n\n');
  if (after === 'fault') say({ error: { message: 'out of memory' } });
  // What was written shall arrive first.
  if (after === 'cut') return void wait(100).then(() => response.destroy());
  if (after === 'done') {
    say({ choices: [{ delta: {}, finish_reason: finish }] });
    if (usage !== undefined) say({ choices: [], usage });
    response.write('data: [DONE]\n\n');
  }
  response.end();
}

const server = createServer(async (request, response) => {
  const path = request.url ?? '';
  if (!path.endsWith('/chat/completions')) {
    tell({ type: 'fact', path });
    const fact = facts[path];
    response.writeHead(fact === undefined ? 404 : 200, { 'content-type': 'application/json' });
    return void response.end(JSON.stringify(fact ?? { error: 'not found' }));
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body: Record<string, unknown> = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  tell({ type: 'request', request: { path: request.url ?? '', headers: request.headers, body } });
  // An answer shall not come before the parent knows of the question.
  await new Promise<void>((resolve) => unrecorded.push(resolve));
  response.once('close', () => tell({ type: 'closed' }));
  const reply = script.shift() ?? { status: 418 };
  if ('pieces' in reply) return void stream(response, reply);
  response.writeHead(reply.status, reply.headers);
  response.end(reply.body ?? '');
});

process.on('message', (message: ParentMessage) => {
  if (message.type === 'recorded') return void unrecorded.shift()?.();
  if (message.type === 'facts') facts = message.facts;
  else script.splice(0, script.length, ...message.replies);
  tell({ type: 'scripted' });
});
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null)
    tell({ type: 'listening', port: address.port });
});
