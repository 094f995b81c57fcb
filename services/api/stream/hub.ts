/** Connected screens: each gets what concerns it, in order and once; whoever reads too slowly is let go, and resumes. */
import type { FeedEvent, FeedPosition, LotFeed } from '#adapters/nats/lotFeed.ts';
import type { Principal } from '../auth/principal.ts';
import { eventIdOf, frame, seqOfEventId } from './frames.ts';
import { noticeFor, scopesOf } from './notices.ts';

/** Where one screen's text goes. */
export interface Sink {
  write(text: string): void;
  /** bytes not yet taken by the network */
  buffered(): number;
  end(because: EndedBecause): void;
}
export type EndedBecause = 'slow' | 'draining' | 'expired' | 'failed';

/** The part of a feed that a hub needs. */
export type Feed = Pick<LotFeed, 'position' | 'since'>;

export interface Hub {
  /** null: the feed can't be read just now, or this organisation has too many screens. @param lastEventId null: from now on */
  connect(principal: Principal, sink: Sink, lastEventId: string | null): Connection | null;
  /** false: no screen is connected */
  isHeard(): boolean;
  tell(event: FeedEvent): void;
  /** the stream was re-created */
  reset(): void;
  endAll(): void;
  count(): number;
}

export interface Connection {
  close(): void;
}

/** A client that has this much unread is not reading. */
const MAX_BUFFERED_BYTES = 256 * 1024;
/** While one looks back, so many live events wait for it. */
const MAX_PENDING = 2_000;
/** Further back than this nobody is taken: reading the lists is cheaper. */
const MAX_LOOK_BACK = 10_000;
const MAX_SCREENS_PER_SCOPE = 50;

interface Client {
  readonly principal: Principal;
  readonly sink: Sink;
  /** null: it reads live; else live events wait until it has looked back */
  pending: FeedEvent[] | null;
  closed: boolean;
}

/** By organisation; operators all under one key. */
type Clients = Map<string, Set<Client>>;

export function createHub(feed: Feed): Hub {
  const clients: Clients = new Map();
  const all = (): Client[] => [...clients.values()].flatMap((group) => [...group]);
  return {
    connect: (principal, sink, lastEventId) => connect(clients, feed, principal, sink, lastEventId),
    isHeard: () => clients.size > 0,
    tell(event) {
      for (const key of ['operator', ...scopesOf(event)]) {
        for (const client of [...(clients.get(key) ?? [])]) deliver(clients, client, event);
      }
    },
    reset() {
      for (const client of all()) end(clients, client, 'failed');
    },
    endAll() {
      for (const client of all()) end(clients, client, 'draining');
    },
    count: () => all().length,
  };
}

function connect(
  clients: Clients,
  feed: Feed,
  principal: Principal,
  sink: Sink,
  lastEventId: string | null,
): Connection | null {
  const position = feed.position();
  const group = clients.get(keyOf(principal)) ?? new Set();
  if (position === null || group.size >= MAX_SCREENS_PER_SCOPE) return null;
  const client: Client = { principal, sink, pending: null, closed: false };
  clients.set(keyOf(principal), group.add(client));
  const from = lastEventId === null ? position.seq : seqOfEventId(lastEventId, position.stream);
  if (from === null || from > position.seq || position.seq - from > MAX_LOOK_BACK) {
    const because = 'The last event id is unknown or too old: read the lists anew.';
    sink.write(frame('reset', { because }, eventIdOf(position)));
  } else {
    // Of the place they start from: it says where to resume before anything has come.
    sink.write(frame('ready', {}, eventIdOf({ ...position, seq: from })));
    if (from < position.seq) {
      client.pending = [];
      void lookBack(clients, feed, client, from, position);
    }
  }
  return { close: () => close(clients, client) };
}

async function lookBack(clients: Clients, feed: Feed, client: Client, from: number, upTo: FeedPosition): Promise<void> {
  try {
    for await (const event of feed.since(from, upTo)) {
      if (client.closed) return;
      write(clients, client, event);
    }
    for (const event of client.pending ?? []) write(clients, client, event);
    client.pending = null;
  } catch {
    // It comes again, with the last id it got.
    end(clients, client, 'failed');
  }
}

function deliver(clients: Clients, client: Client, event: FeedEvent): void {
  if (client.pending === null) write(clients, client, event);
  else if (client.pending.length < MAX_PENDING) client.pending.push(event);
  else end(clients, client, 'slow');
}

function write(clients: Clients, client: Client, event: FeedEvent): void {
  const notice = noticeFor(client.principal, event);
  if (notice === null || client.closed) return;
  client.sink.write(frame(notice.event, notice.data, eventIdOf(event)));
  if (client.sink.buffered() > MAX_BUFFERED_BYTES) end(clients, client, 'slow');
}

function end(clients: Clients, client: Client, because: EndedBecause): void {
  if (client.closed) return;
  close(clients, client);
  client.sink.end(because);
}

function close(clients: Clients, client: Client): void {
  client.closed = true;
  const key = keyOf(client.principal);
  const group = clients.get(key);
  group?.delete(client);
  if (group?.size === 0) clients.delete(key);
}

function keyOf(principal: Principal): string {
  return principal.role === 'operator' ? 'operator' : principal.scope;
}
