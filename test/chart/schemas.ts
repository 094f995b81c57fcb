/** JSON schemas for kubeconform: Kubernetes' kinds by its own OpenAPI document, others' by their CRDs. Both are in the Go modules. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { crdFiles } from '../k8s/crds.ts';
import { moduleFolder } from '../k8s/programs.ts';

type Schema = Readonly<Record<string, unknown>>;
type Definitions = Readonly<Record<string, Schema>>;
interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const DRAFT = 'http://json-schema.org/draft-07/schema#';
const METADATA = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
/** What the document calls strings, and the API server takes as numbers too. */
const NUMBER_OR_STRING = ['io.k8s.apimachinery.pkg.api.resource.Quantity'];

/** Writes `<kind>-<group>-<version>.json` for each kind, as kubeconform's KindSuffix has it. @returns how many */
export function writeSchemas(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const definitions = kubernetes();
  const kinds = [...ofKubernetes(definitions), ...ofCrds(definitions)];
  for (const [kind, schema] of kinds) writeFileSync(join(folder, fileOf(kind)), JSON.stringify(schema));
  return kinds.length;
}

function fileOf({ group, version, kind }: Kind): string {
  const [first = ''] = group.split('.');
  return `${[kind, first, version].filter((word) => word !== '').join('-')}.json`.toLowerCase();
}

function kubernetes(): Definitions {
  const module = moduleFolder('test/k8s/programs/kubernetes', 'k8s.io/kubernetes');
  const text = readFileSync(join(module, 'api', 'openapi-spec', 'swagger.json'), 'utf8');
  const { definitions } = JSON.parse(text) as { definitions: Definitions };
  return Object.fromEntries(
    Object.entries(definitions).map(([name, schema]) => [
      name,
      NUMBER_OR_STRING.includes(name) ? { type: ['string', 'number'] } : strict(schema),
    ]),
  );
}

function ofKubernetes(definitions: Definitions): [Kind, Schema][] {
  return Object.entries(definitions).flatMap(([name, schema]) => {
    const kinds = (schema['x-kubernetes-group-version-kind'] ?? []) as readonly Kind[];
    // DeleteOptions and the like are of every group: no objects
    const [kind, ...others] = kinds;
    if (kind === undefined || others.length > 0) return [];
    return [[kind, standing(definitions, named(schema, kind), [name])] as [Kind, Schema]];
  });
}

function ofCrds(definitions: Definitions): [Kind, Schema][] {
  const files = crdFiles().flatMap((path) => (path.endsWith('.yaml') ? [path] : globSync(join(path, '*.yaml'))));
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) => ofCrd(definitions, document.toJS())),
  );
}

interface Crd {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

function ofCrd(definitions: Definitions, crd: Crd | null): [Kind, Schema][] {
  if (crd?.kind !== 'CustomResourceDefinition') return [];
  const { group, names, versions } = crd.spec;
  return versions.map(({ name: version, schema }) => {
    const kind = { group, version, kind: names.kind };
    // where the kind says no more of its metadata, it is what all objects have
    const own = strict(schema.openAPIV3Schema);
    const properties = { ...(own['properties'] as object), metadata: { $ref: `#/definitions/${METADATA}` } };
    return [kind, standing(definitions, named({ ...own, properties }, kind), [])];
  });
}

/** An object says what it is, and the right thing. */
function named(schema: Schema, { group, version, kind }: Kind): Schema {
  const apiVersion = { const: group === '' ? version : `${group}/${version}` };
  const properties = { ...(schema['properties'] as object), apiVersion, kind: { const: kind } };
  const required = [...((schema['required'] ?? []) as string[]), 'apiVersion', 'kind'];
  return { ...schema, properties, required, additionalProperties: false };
}

/** With the definitions it leads to: a schema that needs no other file. */
function standing(definitions: Definitions, schema: Schema, but: readonly string[]): Schema {
  const needed = new Map<string, Schema>();
  const collect = (from: unknown): void => {
    for (const [, name = ''] of JSON.stringify(from).matchAll(/"#\/definitions\/([^"]+)"/g)) {
      if (needed.has(name) || but.includes(name)) continue;
      const definition = definitions[name];
      if (definition === undefined) throw new Error(`no definition of ${name}`);
      needed.set(name, definition);
      collect(definition);
    }
  };
  collect(schema);
  return { $schema: DRAFT, ...schema, definitions: Object.fromEntries(needed) };
}

/** No key that isn't known, as the API server's strict validation has it; OpenAPI's own words said in JSON Schema's. */
function strict(schema: Schema): Schema {
  if (schema['x-kubernetes-int-or-string'] === true || schema['format'] === 'int-or-string')
    return { type: ['string', 'integer'] };
  const below = Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => key !== 'description')
      .map(([key, value]) => [key, within(key, value)]),
  );
  const isClosed = 'properties' in schema && !('additionalProperties' in schema);
  const takesAll = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const closed = isClosed && !takesAll ? { ...below, additionalProperties: false } : below;
  return schema['nullable'] === true ? { anyOf: [closed, { type: 'null' }] } : closed;
}

function within(key: string, value: unknown): unknown {
  const isSchema = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (key === 'properties')
    return Object.fromEntries(Object.entries(value as Definitions).map(([name, each]) => [name, strict(each)]));
  if (['items', 'additionalProperties', 'not'].includes(key) && isSchema) return strict(value as Schema);
  // they only narrow what stands beside them: closed, they would refuse its other keys
  return value;
}
