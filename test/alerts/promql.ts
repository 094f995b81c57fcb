/** What a PromQL expression reads, by Prometheus's own grammar. */
import { parser } from '@prometheus-io/lezer-promql';

export interface Selector {
  readonly metric: string;
  /** `outcome=~"a|b"` as ['outcome', '=~', 'a|b'] */
  readonly matchers: readonly (readonly [string, string, string])[];
}

/** @throws Error where the grammar does not know what stands there */
export function selectorsOf(expression: string): Selector[] {
  const found: { metric: string; matchers: [string, string, string][] }[] = [];
  parser.parse(expression).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`not PromQL at ${String(node.from)}: ${expression}`);
      const text = expression.slice(node.from, node.to);
      if (node.name === 'VectorSelector') found.push({ metric: '', matchers: [] });
      const selector = found.at(-1);
      if (selector === undefined) return;
      if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector') selector.metric = text;
      if (node.name === 'UnquotedLabelMatcher') selector.matchers.push(matcherOf(text));
    },
  });
  return found;
}

function matcherOf(text: string): [string, string, string] {
  const [, label = '', operator = '', value = ''] = /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/.exec(text) ?? [];
  return [label, operator, value];
}
