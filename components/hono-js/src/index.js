/**
 * A Hono application that nothing of this host is in: routes with parameters, a nested application, middleware, JSON in and
 * out, queries, headers, cookies, a body that is sent piece by piece, and a fetch of another server.
 */
import { Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import { stream } from 'hono/streaming';

const app = new Hono();

app.use(async (c, next) => {
  await next();
  c.header('x-served-by', 'hono');
});

app.get('/', (c) => c.text(`Hello from ${c.env.NAME ?? 'Hono'}\n`));

app.get('/users/:id{[0-9]+}', (c) => {
  const fields = c.req.query('fields')?.split(',') ?? [];
  return c.json({ id: Number(c.req.param('id')), fields, agent: c.req.header('user-agent') ?? null });
});

const orders = new Hono();
orders.post('/', async (c) => {
  const order = await c.req.json().catch(() => {
    throw new HTTPException(400, { message: 'no JSON' });
  });
  return c.json({ ...order, accepted: true }, 201);
});
app.route('/orders', orders);

app.get('/visits', (c) => {
  const visits = Number(getCookie(c, 'visits') ?? '0') + 1;
  setCookie(c, 'visits', String(visits), { path: '/', httpOnly: true, sameSite: 'Lax' });
  return c.json({ visits });
});

app.get('/ticks', (c) =>
  stream(c, async (out) => {
    for (let tick = 0; tick < 3; tick += 1) {
      await out.write(`tick ${tick}\n`);
      await out.sleep(10);
    }
  }),
);

app.post('/echo', (c) => c.body(c.req.raw.body));

// Only hosts that the function was granted with --allow-host are reached.
app.get('/proxy', async (c) => {
  const url = c.req.query('url');
  if (url === undefined) throw new HTTPException(400, { message: 'no url' });
  const answer = await fetch(url);
  return new Response(answer.body, {
    status: answer.status,
    headers: { 'content-type': answer.headers.get('content-type') ?? 'text/plain' },
  });
});

app.onError((error, c) => {
  if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
  console.error(`${error}`);
  return c.json({ error: 'the function failed' }, 500);
});
app.notFound((c) => c.json({ error: 'not found' }, 404));

export default app;
