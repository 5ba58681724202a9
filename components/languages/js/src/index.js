/** Says hello, and gives JSON back that it has read. */
export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (request.method === 'GET' && url.pathname === '/') {
      return new Response(`Hello from ${url.searchParams.get('name') ?? 'hello'}\n`);
    }
    if (request.method === 'POST' && url.pathname === '/json') {
      return Response.json(await request.json());
    }
    return new Response('not found\n', { status: 404 });
  },
};
