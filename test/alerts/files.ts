/** The rules and dashboards, as files. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { ALERTS_FILE } from '../../dev/stack/infrastructure/prometheus.ts';
import { CHECKOUT } from '../../dev/stack/tools.ts';

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function rules(): Rule[] {
  const { groups } = parse(readFileSync(ALERTS_FILE, 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

export const alerts = (): (Rule & { readonly alert: string })[] =>
  rules().flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));

interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string }[];
}

export interface Dashboard {
  readonly file: string;
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

export function dashboards(): Dashboard[] {
  return globSync(join(CHECKOUT, 'charts/pahlawan-pangan/files/dashboards/*.json')).map((path) => ({
    ...(JSON.parse(readFileSync(path, 'utf8')) as Dashboard),
    file: basename(path),
  }));
}

/** Every expression that somebody relies on, with who does. */
export function expressions(): { readonly of: string; readonly expr: string }[] {
  const ofRules = rules().map(({ alert, record = '', expr }) => ({ of: alert ?? record, expr }));
  const ofPanels = dashboards().flatMap(({ file, panels }) =>
    panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ of: `${file}: ${title}`, expr }))),
  );
  // Grafana fills in the interval
  return [...ofRules, ...ofPanels].map(({ of, expr }) => ({ of, expr: expr.replaceAll('$__rate_interval', '1m') }));
}
