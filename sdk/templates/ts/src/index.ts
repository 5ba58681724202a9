/** {{name}}: answers HTTP requests. `env` holds the variables that it was deployed with. */
import type { Application } from '../faas/faas.js';

const application: Application = {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (request.method === 'GET' && url.pathname === '/') {
      const name = url.searchParams.get('name') ?? env['NAME'] ?? '{{name}}';
      return new Response(`Hello from ${name}\n`);
    }
    // The body goes back while it arrives.
    if (request.method === 'POST' && url.pathname === '/echo') return new Response(request.body);
    return new Response('not found\n', { status: 404 });
  },
};

export default application;
