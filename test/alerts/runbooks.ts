/** The runbooks as somebody reads them who pastes: sections, steps, and where each block of commands may be pasted. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CHECKOUT } from '../../dev/stack/tools.ts';

export const SECTIONS = ['Symptom', 'Impact', 'Checks', 'Action', 'Verify'] as const;
type Section = (typeof SECTIONS)[number];

export interface Block {
  readonly section: Section;
  /** of a list of actions; 0: of none */
  readonly step: number;
  /** either: by the words that dev/runbook.sh and k8s/runbook.sh both have */
  readonly where: 'here' | 'kubernetes' | 'either';
  readonly commands: string;
}

export interface Runbook {
  /** without .md */
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

export function runbooks(): Runbook[] {
  const files = globSync(join(CHECKOUT, 'docs/runbooks/*.md')).filter((path) => basename(path) !== 'README.md');
  return files.sort().map((path) => {
    const text = readFileSync(path, 'utf8');
    return { name: basename(path, '.md'), text, blocks: blocksOf(text) };
  });
}

export function blocksOf(text: string): Block[] {
  let [section, step]: [string, number] = ['', 0];
  let before = '';
  return text.split(/^```/m).flatMap((piece, n) => {
    if (n % 2 === 1)
      return [{ section: section as Section, step, where: whereOf(before), commands: piece.replace(/^sh\n/, '') }];
    for (const [, heading, number] of piece.matchAll(/^(?:## (.+)|(\d+)\. )/gm)) {
      if (heading === undefined) step = Number(number);
      else [section, step] = [heading, 0];
    }
    before = piece;
    return [];
  });
}

/** The last of these words in the line before. */
function whereOf(before: string): Block['where'] {
  const line = before.trimEnd().split('\n').at(-1) ?? '';
  const word = [...line.matchAll(/\b(here|kubernetes|either way)\b/gi)].at(-1)?.[1]?.toLowerCase();
  return word === 'here' || word === 'kubernetes' ? word : 'either';
}

/** What is asked of Prometheus, with who asks. */
export function questions(): { readonly of: string; readonly expr: string }[] {
  return each(/\bask '([^']+)'/g);
}

/** What is asked of PostgreSQL, with who asks. */
export function statements(): { readonly of: string; readonly sql: string; readonly where: Block['where'] }[] {
  return each(/\b(?:sql|one) (?:"([^"]+)"|'([^']+)')/g).map(({ expr, ...rest }) => ({ ...rest, sql: expr }));
}

function each(pattern: RegExp): { of: string; expr: string; where: Block['where'] }[] {
  return runbooks().flatMap(({ name, blocks }) =>
    blocks.flatMap(({ where, commands }) =>
      [...commands.matchAll(pattern)].map(([, one, other]) => ({
        of: `runbook ${name}`,
        expr: one ?? other ?? '',
        where,
      })),
    ),
  );
}
