/** The WASI releases this host offers; a component may ask for any of them, and for several at once. */
import type { HostInterface } from '../component/host-interface.ts';

/** First and last release of the 0.2 line that we implement. */
export const WASI_0_2: HostInterface['versions'] = Object.freeze({ from: '0.2.0', to: '0.2.12' });

/** First and last release of the 0.3 line that we implement. */
export const WASI_0_3: HostInterface['versions'] = Object.freeze({ from: '0.3.0', to: '0.3.2' });
