/** Says hello, and gives JSON back that it has read. */
import { Hono } from 'hono';

const app = new Hono();

app.get('/', (c) => c.text(`Hello from ${c.req.query('name') ?? 'hello'}\n`));
app.post('/json', async (c) => c.json(await c.req.json()));

export default app;
