/** The examples of our READMEs, marked `<!-- test -->`: what an operator pastes is what the test does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../../dev/stack/tools.ts';

/** @throws Error when there are not so many */
export function examples(file: string, expected: number): string[] {
  const text = readFileSync(join(CHECKOUT, file), 'utf8');
  const blocks = [...text.matchAll(/<!-- test -->\n\s*```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  if (blocks.length !== expected)
    throw new Error(`${file} has ${String(blocks.length)} examples, not ${String(expected)}`);
  return blocks;
}
