import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import type { FeedEvent, FeedPosition } from '#adapters/nats/lotFeed.ts';
import { LotEventSchema } from '#proto/gen/pahlawan/v1/events_pb.js';
import { principalOf } from '../auth/principal.ts';
import { createHub, type EndedBecause, type Sink } from './hub.ts';

const STREAM = '2026-01-01T00:00:00Z';
const donor = principalOf('donor', 'kitchen', 'someone');

function event(seq: number, donorId = 'kitchen'): FeedEvent {
  const made = create(LotEventSchema, { lot: { id: `lot-${String(seq)}`, donorId } });
  assert.ok(made.lot);
  return { stream: STREAM, seq, event: made, lot: made.lot };
}

function sinkOf(bufferedBytes = 0) {
  const written: string[] = [];
  const ended: EndedBecause[] = [];
  const sink: Sink = {
    write: (text) => void written.push(text),
    buffered: () => bufferedBytes,
    end: (because) => void ended.push(because),
  };
  const ids = (): string[] =>
    written
      .join('')
      .match(/"id":"lot-\d+"/g)
      ?.map((each) => each.slice(6, -1)) ?? [];
  return { sink, written, ended, ids };
}

function feedOf(seq: number, past: readonly FeedEvent[] = [], gate: Promise<void> = Promise.resolve()) {
  const position: FeedPosition = { stream: STREAM, seq };
  return {
    position: () => position,
    async *since(after: number) {
      await gate;
      yield* past.filter((each) => each.seq > after);
    },
  };
}

describe('the hub', () => {
  it('lets live events wait while one looks back, then each comes once and in order', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const hub = createHub(feedOf(3, [event(1), event(2), event(3)], gate));
    const { sink, ids } = sinkOf();
    hub.connect(donor, sink, `${Date.parse(STREAM).toString(36)}.1`);
    hub.tell(event(4));
    assert.deepEqual(ids(), []);
    open();
    await new Promise(setImmediate);
    hub.tell(event(5));
    assert.deepEqual(ids(), ['lot-2', 'lot-3', 'lot-4', 'lot-5']);
  });

  it('lets a slow reader go', () => {
    const hub = createHub(feedOf(0));
    const { sink, ended } = sinkOf(10_000_000);
    hub.connect(donor, sink, null);
    hub.tell(event(1));
    assert.deepEqual([ended, hub.count()], [['slow'], 0]);
  });

  it('holds no more live events than its bound for one that looks back for ever', () => {
    const hub = createHub(feedOf(5, [], new Promise(() => undefined)));
    const { sink, ended } = sinkOf();
    hub.connect(donor, sink, `${Date.parse(STREAM).toString(36)}.0`);
    for (let seq = 6; seq < 3_000; seq++) hub.tell(event(seq));
    assert.deepEqual([ended, hub.count()], [['slow'], 0]);
  });

  it('looks back no further than its bound', () => {
    const hub = createHub(feedOf(50_000));
    const { sink, written } = sinkOf();
    hub.connect(donor, sink, `${Date.parse(STREAM).toString(36)}.1`);
    assert.match(written.join(''), /event: reset/);
  });

  it('takes so many screens of one organisation and no more; closing makes room', () => {
    const hub = createHub(feedOf(0));
    const connections = Array.from({ length: 50 }, () => hub.connect(donor, sinkOf().sink, null));
    assert.equal(hub.connect(donor, sinkOf().sink, null), null);
    connections[0]?.close();
    assert.notEqual(hub.connect(donor, sinkOf().sink, null), null);
  });

  it('ends all when the process drains', () => {
    const hub = createHub(feedOf(0));
    const { sink, ended } = sinkOf();
    hub.connect(donor, sink, null);
    hub.endAll();
    assert.deepEqual([ended, hub.count()], [['draining'], 0]);
  });
});
