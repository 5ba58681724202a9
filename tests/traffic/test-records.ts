/** Function records for tests, without the parts that routing does not look at. */
import {
  DEFAULT_NAMESPACE,
  parseFunctionName,
  digestOf,
  type FunctionName,
  type VersionNumber,
} from '../../host/base/ids.ts';
import type { FunctionRecord, Route, RouteSnapshot } from '../../host/registry/model.ts';

/** A function with routes like `api.example.com/v1/*`. */
export function createRecord(name: string, ...routes: string[]): FunctionRecord {
  const functionName = parseFunctionName(name);
  const digest = digestOf(new Uint8Array());
  return {
    namespace: DEFAULT_NAMESPACE,
    name: functionName,
    live: {
      namespace: DEFAULT_NAMESPACE,
      function: functionName,
      number: 1 as VersionNumber,
      artifact: digest,
      artifactBytes: 0,
      prepared: digest,
      kind: 'http',
      settings: {
        limits: {
          memoryBytes: 1,
          timeoutMs: 1000,
          concurrency: 1,
          queue: 1,
          requestBodyBytes: 1,
          responseBodyBytes: 1,
          logBytes: 1,
          cpuMs: 1000,
        },
        isolation: 'request',
        instances: {
          min: 0,
          max: 1,
          reuseCount: 1,
          concurrentReuseCount: 1,
          maxAgeMs: 1,
          idleTimeoutMs: 1,
          snapshot: 'auto',
        },
        budget: {},
        serverTiming: false,
        environment: [],
        config: [],
        secrets: [],
        keyValue: [],
        allowedHosts: [],
        directories: [],
        files: [],
      },
      createdMs: 0,
      createdBy: 'test',
    },
    routes: routes.map(routeOf),
    createdMs: 0,
    updatedMs: 0,
  };
}

/** A snapshot of these functions. */
export function createSnapshot(...records: FunctionRecord[]): RouteSnapshot {
  const functions = new Map<FunctionName, FunctionRecord>();
  for (const record of records) functions.set(record.name, record);
  return { epoch: 1, functions };
}

function routeOf(text: string): Route {
  const slash = text.indexOf('/');
  return { host: text.slice(0, slash), path: text.slice(slash) };
}
