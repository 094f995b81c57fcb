import { Counter, Gauge, Histogram } from 'prom-client';

export const unavailable = new Counter({
  name: 'candidates_unavailable_total',
  help: 'Questions to the candidate index that had no answer: Redis not ready to be believed, or not answering.',
  labelNames: ['operation', 'cause'] as const,
});

export const breakerState = new Gauge({
  name: 'candidates_breaker_state',
  help: "1 for the state the candidate index's breaker is in; open: Redis was silent, nobody waits for it.",
  labelNames: ['state'] as const,
});

export const mended = new Counter({
  name: 'candidates_mended_total',
  help: 'What the sweep of the candidate index corrected against PostgreSQL.',
  labelNames: ['what'] as const,
});

export const unreadableRecipients = new Gauge({
  name: 'candidates_unreadable_recipients',
  help: '1 for each recipient whose hours, needs or time zone in PostgreSQL are of no known form: it is never open. Or whose id is: it is left out.',
  labelNames: ['recipient'] as const,
});

export const rebuildSeconds = new Histogram({
  name: 'candidates_rebuild_seconds',
  help: 'How long the candidate index took to be recounted from PostgreSQL, without the wait for turns in flight.',
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
});

export const keeperFailures = new Counter({
  name: 'candidates_keeper_failures_total',
  help: 'Rounds of the candidate keeper that ended in an error.',
});
