import { join } from 'node:path';
import { CHECKOUT } from './tools.ts';

/** All that `make run` writes. RUN_DIR puts it elsewhere. */
export const RUN_DIR = process.env['RUN_DIR'] ?? join(CHECKOUT, '.run');
