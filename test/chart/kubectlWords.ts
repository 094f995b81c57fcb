/** What a line of a runbook tells kubectl or helm. */

export interface Told {
  readonly line: string;
  readonly program: 'kubectl' | 'helm';
  /** after the program's name */
  readonly words: readonly string[];
  readonly verb: string;
  readonly namespace: string | undefined;
  /** in the singular; empty where the verb names a pod alone */
  readonly kinds: readonly string[];
  readonly object: string | undefined;
  readonly labels: Record<string, string> | undefined;
  readonly container: string | undefined;
  /** of `get --raw` */
  readonly raw: string | undefined;
}

/** Also of those within `$(…)`; what a pipe does with their answers is left out. */
export function commandsOf(commands: string): Told[] {
  const found = commands.matchAll(/\b(kubectl|helm) ((?:'[^']*'|"[^"]*"|[^'"|;#\n)])*)/g);
  return [...found].map(([line, program = '', rest = '']) =>
    toldBy(line.trim(), program as Told['program'], wordsOf(rest)),
  );
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replaceAll(/^['"]|['"]$/g, ''));
}

function toldBy(line: string, program: Told['program'], words: readonly string[]): Told {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  const after = (...flags: string[]): string | undefined => own.find((_, n) => flags.includes(own[n - 1] ?? ''));
  const [verb = '', ...rest] = own.filter(
    (word, n) => !word.startsWith('-') && !['-n', '-l', '-c', '-o', '--raw', '--patch'].includes(own[n - 1] ?? ''),
  );
  // `rollout restart deployment`
  const named = verb === 'rollout' ? rest.slice(1) : rest;
  const labels = after('-l');
  return {
    ...{ line, program, words, verb },
    ...whatOf(verb, named),
    namespace: after('-n'),
    labels: labels === undefined ? undefined : Object.fromEntries(labels.split(',').map((pair) => pair.split('='))),
    container: after('-c'),
    raw: after('--raw'),
  };
}

function whatOf(verb: string, named: readonly string[]): Pick<Told, 'kinds' | 'object'> {
  const [first = '', second] = named;
  if (first.includes('/')) {
    const [kind = '', object] = first.split('/');
    return { kinds: [singular(kind)], object };
  }
  if (['logs', 'exec', 'cordon'].includes(verb)) return { kinds: ['pod'], object: named[0] };
  if (verb === 'top') return { kinds: ['pod'], object: second };
  return { kinds: first === '' ? [] : first.split(',').map(singular), object: second };
}

function singular(kind: string): string {
  return kind === 'networkpolicies' ? 'networkpolicy' : kind.replace(/s$/, '');
}
