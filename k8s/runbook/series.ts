/** Prometheus's answer on standard input, a line per series: `ask` of both runbook.sh. */
import { readFileSync } from 'node:fs';

interface Answer {
  readonly error?: string;
  readonly data: { readonly result: readonly { readonly metric: object; readonly value: readonly [number, string] }[] };
}

const text = readFileSync(0, 'utf8');
// whoever was to bring it has said why not
if (text === '') process.exit(1);
const { data, error } = JSON.parse(text) as Answer;
if (error !== undefined) throw new Error(`Prometheus says: ${error}`);
for (const { metric, value } of data.result) process.stdout.write(`${value[1]} ${JSON.stringify(metric)}\n`);
if (data.result.length === 0) process.stdout.write('nothing\n');
