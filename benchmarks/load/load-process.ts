/** The loader in a process of its own: takes orders from `loader.ts`. */
import { answerParent } from '../kit/answer-parent.ts';
import { generateLoad, type LoadOrder } from './generate-load.ts';

answerParent(
  'ready',
  (order: LoadOrder) => generateLoad(order),
  async () => {},
);
