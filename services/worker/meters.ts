import { DEAD_LETTER_CAUSES } from '#adapters/nats/deadLetter.ts';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** Nothing missed is a zero, not a gap. */
const WINDOW_OUTCOMES = ['posted', 'refused', 'paused', 'missed', 'later'];

export type Meters = ReturnType<typeof createMeters>;

/** What the worker reports; no ids in labels. */
export function createMeters() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = (name: string, help: string, label: string): Counter =>
    new Counter({ name, help, labelNames: [label], registers });
  const wakes = counter('worker_wakes_total', 'Cells woken for a lot that was due', 'outcome');
  const messages = new Counter({
    name: 'worker_messages_total',
    help: 'Messages by consumer and what became of them',
    labelNames: ['consumer', 'outcome'],
    registers,
  });
  const told = telling(counter);
  const windowPosts = counter('worker_window_posts_total', 'Recurring posts by what became of them', 'outcome');
  for (const outcome of WINDOW_OUTCOMES) windowPosts.inc({ outcome }, 0);
  const resent = new Counter({
    name: 'worker_offers_resent_total',
    help: 'Offers published again because nobody was proved to have been told',
    registers,
  });
  const overdue = overdueGauge(registers);
  const deadLetters = new Gauge({
    name: 'worker_dead_letters',
    help: 'Dead letters an operator has neither replayed nor discarded',
    labelNames: ['cause'],
    registers,
  });
  for (const cause of DEAD_LETTER_CAUSES) deadLetters.set({ cause }, 0);
  return {
    registry,
    onWake: (ok: boolean) => {
      wakes.inc({ outcome: ok ? 'done' : 'failed' });
    },
    onOverdue: overdue,
    ...told,
    onWindow: (outcome: string) => void windowPosts.inc({ outcome }),
    onResent: () => {
      resent.inc();
    },
    onMessage: (consumer: string) => (outcome: string) => {
      messages.inc({ consumer, outcome });
    },
    ...backlogGauges(registers),
    deadLetters: (counts: ReadonlyMap<string, number>) => {
      for (const cause of DEAD_LETTER_CAUSES) deadLetters.set({ cause }, 0);
      for (const [subject, count] of counts) deadLetters.inc({ cause: subject.split('.')[2] ?? '' }, count);
    },
  };
}

/** How recipients and donors are reached. */
function telling(counter: (name: string, help: string, label: string) => Counter) {
  const pushes = counter('worker_pushes_total', 'Web pushes by outcome; given-up: after all tries', 'outcome');
  const texts = counter('worker_texts_total', 'Text messages by outcome; given-up: after all tries', 'outcome');
  for (const outcome of ['sent', 'retry', 'refused', 'given-up']) texts.inc({ outcome }, 0);
  return {
    onPush: (outcome: string) => {
      pushes.inc({ outcome });
    },
    onText: (outcome: string) => {
      texts.inc({ outcome });
    },
  };
}

/** Of a consumer, all workers together. */
function backlogGauges(registers: Registry[]) {
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, labelNames: ['consumer'], registers });
  const depth = gauge('worker_consumer_depth', 'Messages a consumer has still to do, all workers together');
  const oldest = gauge(
    'worker_consumer_oldest_seconds',
    'Age of the oldest message a consumer has given to nobody; where nobody can say, it grows older',
  );
  return {
    depth: (consumer: string, messagesLeft: number) => {
      depth.set({ consumer }, messagesLeft);
    },
    oldest: (consumer: string, seconds: number) => {
      oldest.set({ consumer }, seconds);
    },
  };
}

/** Of all our regions together: a region is no label. */
function overdueGauge(registers: Registry[]): (lotsByRegion: ReadonlyMap<string, number>) => void {
  const gauge = new Gauge({
    name: 'worker_overdue_lots',
    help: 'Open lots in our regions that have been due for more than five seconds',
    registers,
  });
  return (lotsByRegion) => gauge.set([...lotsByRegion.values()].reduce((sum, each) => sum + each, 0));
}
