/** The loader in a process of its own: takes orders from `loader.ts`. */
import { answerParent } from '../kit/answer-parent.ts';
import { generateLoad } from './generate-load.ts';

answerParent('ready', generateLoad, async () => {});
