import { gzipSync } from 'node:zlib';
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { detectBinary } from '../../host/component/detect-binary.ts';

const utf8 = new TextEncoder();

t.test('detectBinary() tells components from core modules', async (t) => {
  t.equal(detectBinary(await parse('(component)')), 'component');
  t.equal(detectBinary(await parse('(module)')), 'core-module');
  const longer = new Uint8Array([9, 9, ...(await parse('(component)'))]);
  t.equal(detectBinary(longer.subarray(2)), 'component', 'in a view that starts elsewhere');
});

t.test('detectBinary() says what else an upload looks like', (t) => {
  const cases: [bytes: Uint8Array, looksLike: RegExp][] = [
    [new Uint8Array(0), /empty/],
    [utf8.encode('(module (func))'), /text form \(WAT\)/],
    [utf8.encode('  ;; a comment\n(component)'), /text form \(WAT\)/],
    [utf8.encode('import { x } from "y";\n'), /JavaScript/],
    [utf8.encode('#!/bin/sh\n'), /source text/],
    [utf8.encode('package local:demo@1.0.0;\nworld app {}\n'), /WIT/],
    [utf8.encode('<!doctype html>'), /HTML/],
    [utf8.encode('{"a":1}'), /JSON/],
    [utf8.encode('hello'), /it is text$/],
    [new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1]), /ELF/],
    [gzipSync('x'), /gzip/],
    [utf8.encode('PK\u0003\u0004rest'), /zip/],
    [new Uint8Array([1, 2, 3, 0xff]), /no known format/],
    [new Uint8Array([0x00, 0x61, 0x73, 0x6e, 1, 0, 0, 0]), /no known format/],
  ];
  for (const [bytes, message] of cases) {
    t.throws(() => detectBinary(bytes), { code: 'not_wasm', message }, String(message));
  }
  t.end();
});

t.test('detectBinary() names an unknown version and says when the start is missing', (t) => {
  const start = [0x00, 0x61, 0x73, 0x6d];
  t.throws(() => detectBinary(new Uint8Array([...start, 0x0a, 0, 1, 0])), {
    code: 'wasm_version',
    fields: { version: 10, layer: 1 },
  });
  t.throws(() => detectBinary(new Uint8Array([...start, 2, 0, 0, 0])), { code: 'wasm_version' });
  for (const length of [1, 4, 7]) {
    const bytes = new Uint8Array([...start, 1, 0, 0, 0]).subarray(0, length);
    t.throws(() => detectBinary(bytes), { code: 'wasm_truncated', fields: { bytes: length } });
  }
  t.end();
});
