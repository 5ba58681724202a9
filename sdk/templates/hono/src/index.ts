/** {{name}}: a Hono application. `c.env` holds the variables that the function was deployed with. */
import { Hono } from 'hono';

const app = new Hono<{ Bindings: Record<string, string> }>();

app.get('/', (c) => c.text(`Hello from ${c.req.query('name') ?? c.env['NAME'] ?? '{{name}}'}\n`));

// The body goes back while it arrives.
app.post('/echo', (c) => new Response(c.req.raw.body));

app.notFound((c) => c.text('not found\n', 404));

export default app;
