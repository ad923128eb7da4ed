// call-app.ts: node call-app.ts, or node call-app.ts +15555550101 to call somebody
import { createServer } from 'node:http';
import { call, hangUp, secret, startStreaming, stopStreaming } from './acs.ts';
import { callbacks, incoming } from './events.ts';

const actions = { start: startStreaming, stop: stopStreaming, 'hang-up': hangUp };
const bodyCharsMax = 1_000_000;

/** Null: there is no such address. */
async function handle(path: string, body: string): Promise<object | null> {
  if (path === '/incoming') return incoming(JSON.parse(body));
  if (path === '/callbacks') return callbacks(JSON.parse(body));
  // For you: curl -X POST "$APP_URL/calls/ID/stop?secret=…"
  const [, id, action] = /^\/calls\/([\w-]+)\/(start|stop|hang-up)$/.exec(path) ?? [];
  if (secret === '' || id === undefined) return null;
  await actions[action as keyof typeof actions](id);
  return {};
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://app');
  const isAllowed = secret === '' || url.searchParams.get('secret') === secret;
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > bodyCharsMax) break;
  }
  try {
    const result = isAllowed && request.method === 'POST' ? await handle(url.pathname, body) : null;
    response.writeHead(result === null ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(result ?? {}));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end('{}');
  }
});
server.listen(Number(process.env['PORT'] ?? 3000), () => console.log('listening', JSON.stringify(server.address())));

const target = process.argv[2];
if (target !== undefined) await call(target);
