import CircuitBreaker from 'opossum';
import type { Gauge } from 'prom-client';

export interface BreakerOptions {
  /** Failures in a row that open it: a rate would need hundreds to outweigh a busy minute's successes. */
  readonly failures: number;
  /** how long it stays open before one call is let through to see */
  readonly resetMs: number;
  /** true: this error says nothing of whether the other side answers */
  readonly isAnswer?: (error: unknown) => boolean;
  /** 1 for the state it is in, by the label `state` */
  readonly state: Gauge<'state'>;
}

/** A breaker around `action`: what it refuses while open rejects at once. */
export function createBreaker<Args extends unknown[], Value>(
  action: (...args: Args) => Promise<Value>,
  { failures: most, resetMs, isAnswer = () => false, state }: BreakerOptions,
): CircuitBreaker<Args, Value> {
  const breaker = new CircuitBreaker<Args, Value>(action, {
    // Each action ends by itself; opossum's timeout would leave it running.
    timeout: false,
    resetTimeout: resetMs,
    errorFilter: isAnswer,
    // It is opened below, by failures in a row.
    volumeThreshold: Number.MAX_SAFE_INTEGER,
  });
  let failures = 0;
  breaker.on('success', () => (failures = 0));
  breaker.on('failure', () => {
    failures++;
    if (failures >= most && breaker.closed) breaker.open();
  });
  showState(breaker, state);
  return breaker;
}

function showState<Args extends unknown[], Value>(breaker: CircuitBreaker<Args, Value>, gauge: Gauge<'state'>): void {
  const show = (now: string): void => {
    for (const state of ['closed', 'open', 'half-open']) gauge.set({ state }, state === now ? 1 : 0);
  };
  show('closed');
  breaker.on('open', () => show('open'));
  breaker.on('halfOpen', () => show('half-open'));
  breaker.on('close', () => show('closed'));
}
