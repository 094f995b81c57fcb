/** OTLP's protobuf, as far as we read it: https://github.com/open-telemetry/opentelemetry-proto (trace/v1). Enums are read as numbers. */
import { create, createFileRegistry, fromBinary, type DescMessage, type Message } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

const { STRING, BYTES, INT32, INT64, BOOL, DOUBLE, FIXED64, MESSAGE } = FieldDescriptorProto_Type;
const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;

type Field = readonly [name: string, number: number, type: FieldDescriptorProto_Type | string, repeated?: 'repeated'];

/** A type in words is one of these messages. */
const MESSAGES: Record<string, readonly Field[]> = {
  Request: [['resource_spans', 1, 'ResourceSpans', 'repeated']],
  ResourceSpans: [
    ['resource', 1, 'Resource'],
    ['scope_spans', 2, 'ScopeSpans', 'repeated'],
  ],
  Resource: [['attributes', 1, 'KeyValue', 'repeated']],
  ScopeSpans: [
    ['spans', 2, 'Span', 'repeated'],
    ['schema_url', 3, STRING],
  ],
  Span: [
    ['trace_id', 1, BYTES],
    ['span_id', 2, BYTES],
    ['parent_span_id', 4, BYTES],
    ['name', 5, STRING],
    ['kind', 6, INT32],
    ['start_time_unix_nano', 7, FIXED64],
    ['end_time_unix_nano', 8, FIXED64],
    ['attributes', 9, 'KeyValue', 'repeated'],
    ['links', 13, 'Link', 'repeated'],
    ['status', 15, 'Status'],
  ],
  Link: [
    ['trace_id', 1, BYTES],
    ['span_id', 2, BYTES],
  ],
  Status: [['code', 3, INT32]],
  KeyValue: [
    ['key', 1, STRING],
    ['value', 2, 'AnyValue'],
  ],
  AnyValue: [
    ['string_value', 1, STRING],
    ['bool_value', 2, BOOL],
    ['int_value', 3, INT64],
    ['double_value', 4, DOUBLE],
  ],
};

const file = create(FileDescriptorProtoSchema, {
  name: 'otlp.proto',
  package: 'otlp',
  syntax: 'proto3',
  messageType: Object.entries(MESSAGES).map(([name, fields]) => ({
    name,
    field: fields.map(([field, number, type, repeated]) => ({
      name: field,
      number,
      label: repeated === undefined ? OPTIONAL : REPEATED,
      ...(typeof type === 'string' ? { type: MESSAGE, typeName: `.otlp.${type}` } : { type }),
    })),
  })),
});
const registry = createFileRegistry(file, () => undefined);

export interface OtlpValue {
  readonly stringValue: string;
  readonly boolValue: boolean;
  readonly intValue: bigint;
  readonly doubleValue: number;
}
export interface OtlpKeyValue {
  readonly key: string;
  readonly value: OtlpValue;
}
export interface OtlpSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array;
  readonly name: string;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: readonly OtlpKeyValue[];
  readonly links: readonly { readonly traceId: Uint8Array; readonly spanId: Uint8Array }[];
  /** 2: error */
  readonly status?: { readonly code: number };
}
interface OtlpRequest extends Message {
  readonly resourceSpans: readonly {
    readonly resource?: { readonly attributes: readonly OtlpKeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[]; readonly schemaUrl: string }[];
  }[];
}

export function readOtlp(bytes: Uint8Array): OtlpRequest {
  return fromBinary(registry.getMessage('otlp.Request') as DescMessage, bytes) as OtlpRequest;
}
