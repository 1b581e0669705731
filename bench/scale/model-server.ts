// A server of chat completions that answers after a while, many side by side, as a machine with a GPU and
// continuous batching does. Usage: model-server.ts ANSWER_MS. Tells its port to its parent.
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const answerMs = Number(process.argv[2]);

const server = createServer(async (request, response) => {
  for await (const _ of request);
  if (request.method !== 'POST') return void response.writeHead(404).end();
  const say = (data: object) => response.write(`data: ${JSON.stringify(data)}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const content of ['It is', ' a red', ' circle.']) {
    await wait(answerMs / 3);
    say({ choices: [{ delta: { content }, finish_reason: null }] });
  }
  say({ choices: [{ delta: {}, finish_reason: 'stop' }] });
  response.end('data: [DONE]\n\n');
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.(address?.port);
});
process.on('disconnect', () => process.exit(0));
