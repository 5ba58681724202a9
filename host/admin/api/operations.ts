/**
 * The table of the admin API: every operation with what it needs, takes and answers. Three read it: the routes are
 * registered by it (`serve-operation.ts`), `/openapi.json` is generated from it (`open-api.ts`), and the command line
 * infers its types from it (`operation-types.ts`). What is not in it cannot be registered, and cannot be called.
 */
import { z } from 'zod';
import type { Access } from '../authorise.ts';
import { deploySettings } from '../deploy-settings.ts';
import * as request from './request-schemas.ts';
import * as view from './view-schemas.ts';

/** An answer that is not JSON. */
export type OtherAnswer = 'text' | 'nothing';

/** One operation. The names of its path's parameters stand in its key. */
export interface Operation {
  /** What it does, in a sentence. */
  readonly summary: string;
  readonly access: Access;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType | 'bytes';
  readonly answer: z.ZodType | OtherAnswer;
  /** Whether `answer` is one of the lines of the answer. */
  readonly lines?: boolean;
  /** Status of an answer that is no error; 200 by default. */
  readonly status?: number;
}

/** All operations, by method and path. */
export const operations = {
  'GET /healthz': {
    summary: 'Whether the process lives.',
    access: 'open',
    answer: z.strictObject({ status: z.literal('ok') }),
  },
  'GET /readyz': {
    summary: 'Whether functions are served.',
    access: 'open',
    answer: z.strictObject({ status: z.literal('ready') }),
  },
  'GET /metrics': {
    summary: 'The figures of the host, in the text format of Prometheus.',
    access: 'metrics',
    answer: 'text',
  },
  'GET /openapi.json': {
    summary: 'This description.',
    access: 'read',
    answer: z.looseObject({ openapi: z.string() }),
  },
  'GET /v1/host': { summary: 'What runs where.', access: 'read', answer: view.hostView },
  'GET /v1/routes': {
    summary: 'Everything that leads to a function.',
    access: 'read',
    answer: z.strictObject({ routes: z.array(view.routeTargetView).readonly() }),
  },
  'GET /v1/changes': {
    summary: 'Who changed what, newest first.',
    access: 'read',
    query: request.changesQuery,
    answer: z.strictObject({ changes: z.array(view.changeView).readonly() }),
  },
  'POST /v1/reload': {
    summary: 'Replaces the workers one after the other; answers when all are.',
    access: 'admin',
    answer: view.reloadView,
  },
  'PUT /v1/artifacts/{digest}': {
    summary: 'Uploads bytes that have this digest: a component, a module, or a file.',
    access: 'deploy',
    body: 'bytes',
    answer: z.strictObject({ digest: view.digestText, bytes: z.int().min(0) }),
    status: 201,
  },
  'HEAD /v1/artifacts/{digest}': {
    summary: 'Whether the host has these bytes, undamaged.',
    access: 'deploy',
    answer: 'nothing',
  },
  'GET /v1/functions': {
    summary: 'All functions, by name.',
    access: 'read',
    answer: z.strictObject({ functions: z.array(view.functionView).readonly() }),
  },
  'GET /v1/functions/{name}': {
    summary: 'A function and its live version.',
    access: 'read',
    answer: view.functionDetails,
  },
  'DELETE /v1/functions/{name}': {
    summary: 'Deletes a function with its versions, routes and own stores.',
    access: 'deploy',
    answer: view.deletedView,
  },
  'GET /v1/functions/{name}/versions': {
    summary: 'The versions of a function, newest first.',
    access: 'read',
    answer: z.strictObject({ versions: z.array(view.versionView).readonly() }),
  },
  'POST /v1/functions/{name}/versions': {
    summary: 'Deploys what was uploaded, tells of each step, and makes the version live.',
    access: 'deploy',
    body: deploySettings,
    answer: view.deployLine,
    lines: true,
  },
  'PATCH /v1/functions/{name}/environment': {
    summary: 'Makes a version that differs in its variables alone, and makes it live.',
    access: 'deploy',
    body: request.environmentBody,
    answer: view.deployResult,
  },
  'PUT /v1/functions/{name}/aliases/live': {
    summary: 'Makes an earlier version live.',
    access: 'deploy',
    body: request.aliasBody,
    answer: view.functionView,
  },
  'POST /v1/functions/{name}/invoke': {
    summary: 'Calls a function with this body and reports on the call.',
    access: 'deploy',
    query: request.invokeQuery,
    body: 'bytes',
    answer: view.invocationView,
  },
  'POST /v1/functions/{name}/evict': {
    summary: 'Closes its instances and lets go of its module: its next request is a cold start.',
    access: 'deploy',
    answer: view.evictView,
  },
  'DELETE /v1/functions/{name}/quarantine': {
    summary: 'Lets a function run again that had stopped workers.',
    access: 'deploy',
    answer: view.resumeView,
  },
  'GET /v1/functions/{name}/logs': {
    summary: 'The last lines of a function, and with `follow` those to come.',
    access: 'read',
    query: request.logsQuery,
    answer: view.logEvent,
    lines: true,
  },
  'GET /v1/key-value/keys': {
    summary: 'Keys of a store, in their order.',
    access: 'read',
    query: request.keysQuery,
    answer: view.keyListView,
  },
  'GET /v1/key-value/value': {
    summary: 'A value.',
    access: 'deploy',
    query: request.keyQuery,
    answer: view.keyValueView,
  },
  'PUT /v1/key-value/value': {
    summary: 'Sets a value.',
    access: 'deploy',
    query: request.keyQuery,
    body: request.keyValueBody,
    answer: z.strictObject({ revision: z.int().min(0) }),
  },
  'DELETE /v1/key-value/value': {
    summary: 'Deletes a key.',
    access: 'deploy',
    query: request.keyQuery,
    answer: view.deletedView,
  },
  'GET /v1/tokens': {
    summary: 'The admin tokens, without their secrets.',
    access: 'admin',
    answer: z.strictObject({ tokens: z.array(view.tokenView).readonly() }),
  },
  'POST /v1/tokens': {
    summary: 'Makes a token; it is shown once.',
    access: 'admin',
    body: request.tokenBody,
    answer: view.newTokenView,
    status: 201,
  },
} as const satisfies Readonly<Record<string, Operation>>;
