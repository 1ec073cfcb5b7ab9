// Where the agents of the tests receive their codes: a page on loopback, on a port of this run.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end('<!doctype html><html lang="en"><title>The agent</title><p>Back at the agent.');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
// The tests may end while it listens.
server.unref();

export const CALLBACK = `http://127.0.0.1:${server.address().port}/callback`;
