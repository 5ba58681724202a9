/**
 * Lets the processes that a test starts be what the product starts.
 *
 * tap adds an `--import` to the NODE_OPTIONS of every child process, to measure coverage, which we do
 * not use. Under Node's permission model that import may not be read, and the child dies.
 */
import { createRequire } from 'node:module';

// The package comes with tap, and only tap's own copy has its listener.
const tap = createRequire(import.meta.resolve('tap'));
const onSpawn = tap('process-on-spawn') as { removeAllListeners(): void };
onSpawn.removeAllListeners();
