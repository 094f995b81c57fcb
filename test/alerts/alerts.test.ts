/** The alerts' rules by Prometheus's own tool, and their runbooks. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { ALERTS_FILE } from '../../dev/stack/infrastructure/prometheus.ts';
import { CHECKOUT, findTools } from '../../dev/stack/tools.ts';
import { CASES } from './cases.ts';
import { alerts, dashboards, expressions, rules } from './files.ts';
import { selectorsOf } from './promql.ts';
import { type Block, questions, runbooks, SECTIONS } from './runbooks.ts';

const TESTS = globSync(join(import.meta.dirname, '*.promtool.yaml'));
const RUNBOOKS = 'docs/runbooks';

interface PromtoolTest {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

async function promtool(...words: string[]): Promise<void> {
  const { prometheus } = findTools();
  assert.notEqual(prometheus, '', 'Prometheus is not set up. Run: make setup METRICS=1');
  await promisify(execFile)(join(dirname(prometheus), 'promtool'), words).catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    assert.fail(`promtool ${words.join(' ')}\n${stdout}${stderr}`);
  });
}

it('promtool finds no fault in the rules', () => promtool('check', 'rules', ALERTS_FILE));
it('each alert fires over its line, and not just below', { timeout: 60_000 }, () =>
  promtool('test', 'rules', ...TESTS),
);

it('each alert is tested both ways', () => {
  const tests = TESTS.flatMap((file) => (parse(readFileSync(file, 'utf8')) as { tests: PromtoolTest[] }).tests);
  const checks = tests.flatMap((test) => test.alert_rule_test);
  for (const { alert } of alerts()) {
    const its = checks.filter(({ alertname }) => alertname === alert);
    assert.ok(
      its.some(({ exp_alerts }) => exp_alerts.length > 0),
      `${alert} is never seen to fire`,
    );
    assert.ok(
      its.some(({ exp_alerts }) => exp_alerts.length === 0),
      `${alert} is never seen to be silent`,
    );
  }
});

describe('each alert says what is wrong and what to do', () => {
  for (const { alert, labels, annotations } of alerts())
    it(alert, () => {
      assert.match(labels?.['severity'] ?? '', /^(page|ticket)$/);
      assert.ok((annotations?.['summary'] ?? '').length > 10);
      assert.ok((annotations?.['description'] ?? '').length > 40);
      const runbook = annotations?.['runbook_url'] ?? '';
      assert.equal(dirname(runbook), RUNBOOKS);
      assert.ok(existsSync(join(CHECKOUT, runbook)), `${runbook} is not there`);
      const text = readFileSync(join(CHECKOUT, runbook), 'utf8');
      const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
      assert.deepEqual(headings, SECTIONS);
      assert.ok(text.includes(`\`${alert}\``), `${runbook} does not name ${alert}`);
      assert.match(text, /```sh\n/);
    });
});

it('no runbook is without its alert, and their commands are shell', async () => {
  const used = new Set(alerts().map(({ annotations }) => basename(annotations?.['runbook_url'] ?? '', '.md')));
  const pages = runbooks();
  assert.deepEqual(
    pages.map(({ name }) => name).filter((name) => !used.has(name)),
    [],
  );
  for (const { name, blocks } of pages)
    for (const { commands } of blocks) {
      const checked = promisify(execFile)('bash', ['-n', '-c', commands]);
      await checked.catch((error: unknown) => assert.fail(`${name}: ${String(error)}`));
    }
});

describe('runbooks can be followed here and in a cluster', () => {
  const onlyHere = /(?:^|[;&|(]\s*|\$\()(pid|look|log|port|post|make|curl|psql|ps|kill)\b|\$RUN\b/m;
  const onlyThere = /\b(kubectl|helm)\b/;
  for (const { name, blocks } of runbooks())
    it(name, () => {
      const wordsOf = (where: Block['where']): string =>
        blocks.flatMap((block) => (block.where === where ? [block.commands] : [])).join('');
      assert.doesNotMatch(wordsOf('either'), onlyHere);
      assert.doesNotMatch(wordsOf('either'), onlyThere);
      assert.doesNotMatch(wordsOf('here'), onlyThere);
      for (const section of ['Checks', 'Action', 'Verify'] as const)
        for (const where of ['here', 'kubernetes'] as const)
          assert.ok(
            blocks.some((block) => block.section === section && [where, 'either'].includes(block.where)),
            `${section} has nothing to paste ${where}`,
          );
    });
});

it('runbooks ask Prometheus in its language', () => {
  const asked = questions();
  for (const { of, expr } of asked) assert.ok(selectorsOf(expr).length > 0, of);
  assert.ok(asked.length > 40, String(asked.length));
});

it('make runbooks follows every page, by actions that it has', () => {
  const followed = new Set(CASES.flatMap(({ follow }) => follow.map(({ page }) => page)));
  assert.deepEqual(
    runbooks()
      .map(({ name }) => name)
      .filter((name) => !followed.has(name)),
    [],
  );
  for (const { follow } of CASES)
    for (const { page, actions } of follow) {
      const steps = runbooks().find(({ name }) => name === page)?.blocks ?? [];
      for (const action of actions)
        assert.ok(
          steps.some(({ section, step, where }) => section === 'Action' && step === action && where !== 'kubernetes'),
          `${page} has no action ${String(action)} to paste here`,
        );
    }
});

it('dashboards have ids and titles of their own, and what they ask is PromQL', () => {
  const all = dashboards();
  assert.ok(all.length >= 3);
  assert.equal(new Set(all.map(({ uid }) => uid)).size, all.length);
  assert.equal(new Set(all.map(({ title }) => title)).size, all.length);
  for (const { of, expr } of expressions()) assert.ok(selectorsOf(expr).length > 0, of);
});

it('an expression that is none is seen, and recorded names are used', () => {
  assert.throws(() => selectorsOf('sum by (rate('), /not PromQL/);
  assert.deepEqual(selectorsOf('sum(rate(a{b="c", d=~"e|f"}[5m])) > 2'), [
    {
      metric: 'a',
      matchers: [
        ['b', '=', 'c'],
        ['d', '=~', 'e|f'],
      ],
    },
  ]);
  const read = new Set(expressions().flatMap(({ expr }) => selectorsOf(expr).map(({ metric }) => metric)));
  for (const { record } of rules()) assert.ok(record === undefined || read.has(record), record);
});
