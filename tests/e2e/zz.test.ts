import t from 'tap';
import { misbehave } from '../guests/guests.ts';
import { openRunningHost } from './running-host.ts';
const host = await openRunningHost(t);
await host.deploy('limited', misbehave(), { limits: {requestBodyBytes: 1000} });
async function* pieces(bytes: number, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < bytes; sent += pieceBytes) yield Buffer.alloc(pieceBytes, 'x');
}
for (let i=0;i<5;i++) { const a = await host.call('/limited/read-slow?bytes=100', {method:'POST', body: pieces(5000,500)}); console.error(a.status, a.text); }
console.error((await host.logs('limited')));
const c = await host.connect(t);
c.send('POST /limited/read-slow?bytes=100 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
for (let i=0;i<10;i++) { c.send('1f4\r\n'+'x'.repeat(500)+'\r\n'); await new Promise(r=>setTimeout(r,50)); }
c.send('0\r\n\r\n');
console.error(await c.until(/\n$|\}$/));
