/**
 * `/v1/key-value`: what `faas kv` does. A store is named as a person does: `my-function` (its store `default`),
 * `my-function/sessions` (what it opens as `sessions`), or `@config` (one that is shared). Values need the scope
 * `deploy`, as they are often as secret as variables; keys can be listed by whoever may look.
 */
import type { FastifyInstance } from 'fastify';
import { HostError } from '../base/errors.ts';
import { DEFAULT_NAMESPACE } from '../base/ids.ts';
import type { KeyValueBucket } from '../key-value/key-value-store.ts';
import { DEFAULT_STORE, nameStore, STORE_LABEL } from '../key-value/store-names.ts';
import type { AdminParts } from './admin-parts.ts';
import { keyQuery, keysQuery, keyValueBody } from './api/request-schemas.ts';
import { readRequest } from './api/read-request.ts';
import { serveOperation } from './api/serve-operation.ts';
import { resolveFunction } from './function-routes.ts';

/** Room for JSON besides the value. */
const BODY_SLACK_BYTES = 64 * 1024;

/** Adds the routes. */
export function registerKeyValueRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { config, authoriser, log } = parts;
  const bodyLimit = Math.ceil(config.keyValue.valueBytes * 1.4) + BODY_SLACK_BYTES;

  serveOperation(app, 'GET /v1/key-value/keys', async (request) => {
    const { store, ...query } = readRequest(keysQuery, request.query, 'query');
    return await openStore(store, parts).listKeys(query);
  });

  serveOperation(app, 'GET /v1/key-value/value', async (request) => {
    const { store, key } = readRequest(keyQuery, request.query, 'query');
    const [entry] = await openStore(store, parts).get([key]);
    if (entry === undefined) throw unknownKey(store, key);
    const { value, ...rest } = entry;
    return { ...rest, valueBase64: Buffer.from(value).toString('base64') };
  });

  serveOperation(
    app,
    'PUT /v1/key-value/value',
    async (request) => {
      const { store, key } = readRequest(keyQuery, request.query, 'query');
      const { valueBase64, ...options } = readRequest(keyValueBody, request.body, 'body');
      const write = { key, value: Buffer.from(valueBase64, 'base64'), ...options };
      const revision = await openStore(store, parts).set([write]);
      log.info({ store, by: authoriser.actorOf(request) }, 'wrote a key');
      return { revision };
    },
    { bodyLimit },
  );

  serveOperation(app, 'DELETE /v1/key-value/value', async (request) => {
    const { store, key } = readRequest(keyQuery, request.query, 'query');
    if ((await openStore(store, parts).delete([key])) === 0) throw unknownKey(store, key);
    log.info({ store, by: authoriser.actorOf(request) }, 'deleted a key');
    return { deleted: key };
  });
}

function openStore(text: string, parts: AdminParts): KeyValueBucket {
  const { keyValue } = parts;
  if (keyValue === undefined) {
    throw new HostError('key_value_unavailable', { reason: 'this host has none' });
  }
  if (text.startsWith('@')) {
    const shared = readLabel(text.slice(1), text);
    return keyValue.open(`${DEFAULT_NAMESPACE}/shared/${shared}`);
  }
  const [name = '', label = DEFAULT_STORE, ...more] = text.split('/');
  if (more.length > 0) throw badStore(text, 'it has more than one slash');
  const { namespace, name: found, live } = resolveFunction(name, parts);
  // What the function opens under that name is meant, and its own store if it does not open it now.
  const grant = live.settings.keyValue.find((one) => one.label === label);
  return keyValue.open(nameStore(namespace, found, grant ?? { label: readLabel(label, text) }));
}

function readLabel(label: string, text: string): string {
  if (STORE_LABEL.test(label)) return label;
  throw badStore(text, 'the name is not 1 to 64 of letters, digits, "_", "." and "-"');
}

function badStore(text: string, reason: string): HostError {
  return new HostError('invalid_store', { value: text.slice(0, 80), reason });
}

function unknownKey(store: string, key: string): HostError {
  return new HostError('unknown_key', { store: store.slice(0, 140), key: key.slice(0, 80) });
}
