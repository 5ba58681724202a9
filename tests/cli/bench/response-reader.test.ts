import t from 'tap';
import { ResponseReader } from '../../../cli/bench/response-reader.ts';

const SIZED = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nb;x=y\r\n big\r\n world\r\n0\r\nx-sum: 1\r\n\r\n';
const EMPTY = 'HTTP/1.1 204 No Content\r\nserver: x\r\n\r\n';
const NONE = 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n';
const CONTINUED = `HTTP/1.1 100 Continue\r\n\r\n${SIZED}`;

const RESPONSES: Readonly<Record<string, readonly [text: string, status: number]>> = {
  'with a length': [SIZED, 200],
  'in chunks with trailers': [CHUNKED, 200],
  'without a body': [EMPTY, 204],
  'with an empty body': [NONE, 404],
  'after an interim one': [CONTINUED, 200],
};

for (const [name, [text, status]] of Object.entries(RESPONSES)) {
  t.test(`a response ${name} ends where it ends, wherever it is cut`, async (t) => {
    const bytes = Buffer.from(text);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const reader = new ResponseReader();
      t.equal(reader.push(bytes.subarray(0, cut)), false, `cut at ${cut}`);
      t.equal(reader.push(bytes.subarray(cut)), true, `cut at ${cut}`);
      t.equal(reader.status, status);
    }
  });
}

t.test('responses of one connection are read one after the other, byte by byte too', async (t) => {
  const reader = new ResponseReader();
  let complete = 0;
  for (const byte of Buffer.from(CHUNKED + SIZED + EMPTY + SIZED)) {
    if (reader.push(Buffer.from([byte]))) complete += 1;
  }
  t.equal(complete, 4);
});

t.test('what was received may be overwritten afterwards', async (t) => {
  const reader = new ResponseReader();
  const buffer = Buffer.from('HTTP/1.1 200 OK\r\nconten');
  reader.push(buffer);
  buffer.fill(0);
  t.equal(reader.push(Buffer.from('t-length: 5\r\n\r\nhello')), true);
  t.equal(reader.status, 200);
});

t.test('what is no response, or of unknown length, is refused', async (t) => {
  for (const text of [
    'SSH-2.0-OpenSSH_9.2\r\n\r\n',
    'HTTP/1.1 200 OK\r\nserver: x\r\n\r\nuntil the end',
    `${SIZED}more`,
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`,
  ]) {
    t.throws(() => new ResponseReader().push(Buffer.from(text)), { message: /^Cannot read/ });
  }
});
