/** Every suite by name. A new suite is one file beside this one and one line here. */
import type { Suite } from '../kit/suite.ts';
import { densitySuite } from './density.ts';
import { enginesSuite } from './engines.ts';
import { fairnessSuite } from './fairness.ts';
import { isolationSuite } from './isolation.ts';
import { languagesSuite } from './languages.ts';
import { limitsSuite } from './limits.ts';
import { recoverySuite } from './recovery.ts';
import { scaleSuite } from './scale.ts';
import { soakSuite } from './soak.ts';
import { startPeersSuite } from './start-peers.ts';
import { startSuite } from './start.ts';
import { throughputSuite } from './throughput.ts';
import { workersSuite } from './workers.ts';

/** In the order in which `all` runs them. */
export const SUITES: readonly Suite[] = [
  startSuite,
  throughputSuite,
  enginesSuite,
  densitySuite,
  limitsSuite,
  isolationSuite,
  workersSuite,
  languagesSuite,
  scaleSuite,
  fairnessSuite,
  recoverySuite,
  soakSuite,
  startPeersSuite,
];
