/** The loader in a process of its own: takes orders from `loader.ts`. */
import { answerParent } from '../kit/answer-parent.ts';
import { generateLoad, type LoadOrder } from './generate-load.ts';
import { generateRate, type RateOrder } from './generate-rate.ts';

answerParent(
  'ready',
  (order: LoadOrder | RateOrder) =>
    'requestsPerSecond' in order ? generateRate(order) : generateLoad(order),
  async () => {},
);
