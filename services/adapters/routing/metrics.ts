import { Counter, Gauge, Histogram } from 'prom-client';

export const journeysAsked = new Counter({
  name: 'travel_journeys_total',
  help: 'Journeys whose time was asked for, by where the answer came from; none: not in time, estimated.',
  labelNames: ['source'] as const,
});

export const engineSeconds = new Histogram({
  name: 'travel_engine_seconds',
  help: 'Matrix questions to the routing engine.',
  labelNames: ['outcome'] as const,
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
});

export const breakerState = new Gauge({
  name: 'travel_breaker_state',
  help: "1 for the state the routing engine's breaker is in.",
  labelNames: ['state'] as const,
});

export const storeFailures = new Counter({
  name: 'travel_store_failures_total',
  help: 'Reads or writes of the travel-time table that failed; the times are asked for or estimated instead.',
  labelNames: ['operation'] as const,
});
