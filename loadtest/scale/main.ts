/**
 * `make scale RESULT=loadtest/results/….json`: recomputes the tables of docs/scale.md from the figures of a bench. The file says which
 * result they are from; without RESULT it is that one again. CHECK=1 changes nothing: exit code 1 when the page is not what it would be.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Results } from '../benchResults.ts';
import { pageWith, pointsOf, resultNamedIn } from './page.ts';
import { costsOf } from './model.ts';

const root = join(import.meta.dirname, '../..');
const file = join(root, 'docs/scale.md');
const page = readFileSync(file, 'utf8');
const result = process.env['RESULT'] || resultNamedIn(page);
const results = JSON.parse(readFileSync(join(root, result), 'utf8')) as Results;
const made = pageWith(page, result, results, costsOf(pointsOf(results)));
if (process.env['CHECK'] !== '1') writeFileSync(file, made);
else if (made !== page) {
  console.error('docs/scale.md is not what its result makes: make scale');
  process.exitCode = 1;
}
