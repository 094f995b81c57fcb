/** Every word of the screens is in both languages, and none stands in the code. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { IntlMessageFormat } from 'intl-messageformat';
import ts from 'typescript';
import { en, type MessageKey } from '../../web/app/language/en.ts';
import { id } from '../../web/app/language/id.ts';

const WEB = join(import.meta.dirname, '../../web');
const SOURCES = globSync('{app,engine,sw}/**/*.{ts,tsx}', { cwd: WEB }).filter(
  (path) => !/language\/([a-z]+\.)?(en|id)\.ts$/.test(path),
);
const KEYS = Object.keys(en) as MessageKey[];

function namesIn(message: string, locale: string): string[] {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (typeof value !== 'object' || value === null) return;
    const { type, value: name } = value as { type?: number; value?: unknown };
    // 1 and above: an argument; 0 is text, 7 the number sign of a plural
    if (type !== undefined && type > 0 && type !== 7 && typeof name === 'string') names.add(name);
    Object.values(value).forEach(visit);
  };
  visit(new IntlMessageFormat(message, locale).getAst());
  return [...names].sort();
}

it('both languages have the same keys, and each message the same values', () => {
  assert.deepEqual(Object.keys(id).sort(), [...KEYS].sort());
  for (const key of KEYS) {
    assert.notEqual(id[key].trim(), '', key);
    // a language may do without a number it need not inflect for, never without a fact
    assert.deepEqual(namesIn(id[key], 'id'), namesIn(en[key], 'en'), key);
  }
});

it('every plural has a form for whatever number comes', () => {
  for (const key of KEYS)
    for (const message of [en[key], id[key]]) if (message.includes('plural')) assert.match(message, /other \{/, key);
});

it('every message is used', () => {
  const code = SOURCES.map((path) => readFileSync(join(WEB, path), 'utf8')).join('\n');
  // `state.lot.${…}` and word('refused', …) stand for all that begin so
  const beginnings = [...code.matchAll(/`([a-z.]+\.)\$\{/g), ...code.matchAll(/word\(\s*'([a-z.]+)'/g)].map(
    ([, part = '']) => (part.endsWith('.') ? part : `${part}.`),
  );
  const unused = KEYS.filter((key) => !code.includes(`'${key}'`) && !beginnings.some((part) => key.startsWith(part)));
  assert.deepEqual(unused, []);
});

/** Attributes whose text people read or hear. */
const SPOKEN = new Set(['alt', 'aria-label', 'placeholder', 'title', 'label']);
const LETTERS = /\p{L}{2}/u;

function hardCoded(path: string, code: string): string[] {
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node) && LETTERS.test(node.text)) found.push(`${path}: ${node.text.trim()}`);
    if (ts.isJsxAttribute(node) && SPOKEN.has(node.name.getText()) && node.initializer !== undefined) {
      if (ts.isStringLiteral(node.initializer) && LETTERS.test(node.initializer.text))
        found.push(`${path}: ${node.initializer.text}`);
    }
    if (ts.isJsxExpression(node) && node.expression !== undefined && ts.isJsxElement(node.parent)) {
      if (ts.isStringLiteral(node.expression) && LETTERS.test(node.expression.text))
        found.push(`${path}: ${node.expression.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

it('no text stands in the code of the screens', () => {
  const screens = SOURCES.filter((path) => path.endsWith('.tsx'));
  assert.ok(screens.length > 15);
  assert.deepEqual(
    screens.flatMap((path) => hardCoded(path, readFileSync(join(WEB, path), 'utf8'))),
    [],
  );
});

it('the rule about texts in the code can fail', () => {
  assert.equal(hardCoded('x.tsx', '<p>Hello</p>').length, 1);
  assert.equal(hardCoded('x.tsx', '<img alt="A cat" />').length, 1);
  assert.equal(hardCoded('x.tsx', "<p>{'Hello'}</p>").length, 1);
});
