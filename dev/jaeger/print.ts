/** A trace as Jaeger's API answers it, on stdin → a line per span, below the one above it: ms since its beginning, ms it took. */
import { text } from 'node:stream/consumers';

interface Span {
  readonly spanID: string;
  readonly operationName: string;
  readonly processID: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
}
interface Trace {
  readonly spans: readonly Span[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

const { data } = JSON.parse(await text(process.stdin)) as { data: Trace[] | null };
const [trace] = data ?? [];
if (trace === undefined) {
  console.error('No such trace here: not recorded, not sent yet (a second or two), or Jaeger was started anew.');
  process.exit(1);
}
const spans = [...trace.spans].sort((a, b) => a.startTime - b.startTime);
const ids = new Set(spans.map(({ spanID }) => spanID));
const startUs = spans[0]?.startTime ?? 0;
const parentOf = (span: Span): string => {
  const above = span.references.find(({ refType }) => refType === 'CHILD_OF')?.spanID ?? '';
  return ids.has(above) ? above : '';
};
const ms = (us: number): string => (us / 1_000).toFixed(1).padStart(8);

function print(parent: string, depth: number): void {
  for (const span of spans.filter((each) => parentOf(each) === parent)) {
    const name = '  '.repeat(depth) + span.operationName;
    const said = span.tags
      .filter(({ key }) => key.startsWith('pahlawan.') || key.startsWith('http.') || key === 'error')
      .map(({ key, value }) => `${key.replace('pahlawan.', '')}=${String(value)}`);
    const service = trace?.processes[span.processID]?.serviceName ?? '';
    console.log(
      `${ms(span.startTime - startUs)} ${ms(span.duration)}  ${name.padEnd(24)} ${service.padEnd(10)} ${said.join(' ')}`,
    );
    print(span.spanID, depth + 1);
  }
}
print('', 0);
