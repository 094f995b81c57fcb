/** The dashboards by Grafana's own types, key by key: what Grafana does not know it silently leaves out. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, it } from 'node:test';
import { promisify } from 'node:util';
import { CHECKOUT } from '../../dev/stack/tools.ts';

const PACKAGE = '@grafana/schema';
const folder = mkdtempSync(join(tmpdir(), 'pahlawan-grafana-'));
after(() => rmSync(folder, { recursive: true }));
placeTypes();

const files = globSync(join(CHECKOUT, 'charts/pahlawan-pangan/files/dashboards/*.json'));

it('Grafana knows every key and word of the dashboards', { timeout: 60_000 }, async () => {
  assert.ok(files.length >= 3);
  assert.equal(await faults(files.map((file) => readFileSync(file, 'utf8'))), '');
});

it('what it does not know is seen', { timeout: 120_000 }, async () => {
  const text = readFileSync(files.find((file) => file.endsWith('engine.json')) ?? '', 'utf8');
  const wrong: readonly [string, string][] = [
    ['"thresholdsStyle"', '"thresholdStyle"'],
    ['"mode": "absolute"', '"mode": "absolut"'],
    ['"gridPos"', '"gridPosition"'],
    ['"unit": ', '"units": '],
    ['"schemaVersion"', '"schemaVersions"'],
    ['"value": 0.7', '"value": "0.7"'],
    ['"displayMode": "list"', '"displayMode": "lists"'],
    ['"expr"', '"expression"'],
  ];
  for (const [from] of wrong) assert.ok(text.includes(from), from);
  const said = await faults(wrong.map(([from, to]) => text.replace(from, to)));
  for (const n of wrong.keys()) assert.match(said, new RegExp(`dashboard${String(n)}\\.ts`), wrong[n]?.[1]);
});

/** Its types as they are, but that a word of JSON is one of an enum. */
function placeTypes(): void {
  const types = join(folder, 'types');
  cpSync(join(CHECKOUT, 'node_modules', PACKAGE, 'dist', 'types'), types, { recursive: true });
  for (const file of globSync(join(types, '**/*.d.ts'))) {
    const itself = relative(dirname(file), join(types, 'index')).replace(/^(?!\.)/, './');
    const text = readFileSync(file, 'utf8')
      .replace(/(?:export )?declare enum (\w+) \{(.*?)\n\}/gs, (_, name: string, members: string) => {
        const words = [...members.matchAll(/=\s*("[^"]*"|-?\d+)/g)].map(([, word]) => word);
        return `export type ${name} = ${words.join(' | ') || 'never'};`;
      })
      .replaceAll(`'${PACKAGE}'`, `'${itself}'`);
    writeFileSync(file, text);
  }
  const compilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    module: 'esnext',
    moduleResolution: 'bundler',
  };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] }, include: ['*.ts'] }),
  );
}

/** A dashboard file holds what it sets; Grafana sets the rest. */
const TYPES = `
import type { Dashboard, Panel } from './types/veneer/dashboard.types';
import type * as series from './types/raw/composable/timeseries/panelcfg/x/types.gen';
import type * as stat from './types/raw/composable/stat/panelcfg/x/types.gen';
type Partly<T> = T extends (infer E)[] ? Partly<E>[] : T extends object ? { [K in keyof T]?: Partly<T[K]> } : T;
interface Target { expr: string; refId: string; legendFormat?: string; instant?: boolean; range?: boolean; datasource?: { type: string; uid: string } }
type Fields = NonNullable<Panel['fieldConfig']>;
type Each<Type, Options, Custom> = Omit<Panel, 'options' | 'fieldConfig' | 'targets' | 'type'> & {
  type: Type; options?: Partly<Options>; targets: Target[];
  fieldConfig: { defaults: Omit<Partly<Fields['defaults']>, 'custom'> & { custom?: Partly<Custom> }; overrides: Fields['overrides'] };
};
export type Ours = Omit<Dashboard, 'panels'> & {
  panels: (Each<'timeseries', series.Options, series.FieldConfig> | Each<'stat', stat.Options, object>)[];
};
`;

/** @returns what the compiler says of these dashboards; empty: nothing */
async function faults(dashboards: readonly string[]): Promise<string> {
  writeFileSync(join(folder, 'ours.ts'), TYPES);
  for (const [n, text] of dashboards.entries())
    writeFileSync(
      join(folder, `dashboard${String(n)}.ts`),
      `import type { Ours } from './ours';\nexport const it: Ours = ${text};\n`,
    );
  const compiler = join(CHECKOUT, 'node_modules', 'typescript', 'bin', 'tsc');
  const done = promisify(execFile)(process.execPath, [compiler, '-p', folder]);
  return await done.then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}
