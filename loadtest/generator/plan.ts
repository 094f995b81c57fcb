/** What a generator is to send, and what it saw. Times in ms since the run began. */
export interface Target {
  /** request line and headers, each line ended; the Idempotency-Key's line and the empty one come after it */
  readonly head: string;
  readonly body: string;
}

export interface Plan {
  readonly port: number;
  readonly targets: readonly Target[];
  /** request n is sent to targets[n % length], under the key `<keyPrefix>-<n>` */
  readonly keyPrefix: string;
  readonly connections: number;
  readonly durationMs: number;
  /**
   * When each request is due, however slow the answers are (open model); null: a connection sends as soon as it has its answer
   * (saturation).
   */
  readonly arrivalsMs: Float64Array | null;
  /** a request without its answer after this is given up */
  readonly timeoutMs: number;
  /** counts the answers that hold this text; '' counts none */
  readonly lookFor: string;
}

export interface Seen {
  readonly sent: number;
  /** due, and not sent within the grace after the end */
  readonly dropped: number;
  readonly timedOut: number;
  /** answers by status; 'broken': the connection was lost */
  readonly statuses: Readonly<Record<string, number>>;
  /** refusals (429 and 503) by the seconds of their header Retry-After; 0: it says none */
  readonly retryAfterSeconds: Readonly<Record<number, number>>;
  /** answers that hold `lookFor` */
  readonly found: number;
  /** 2xx within durationMs */
  readonly doneInTime: number;
  /** from the time it was due to its answer, in order of size; one that timed out counts as timeoutMs */
  readonly latenciesMs: Float64Array;
  /** of the generator's own thread */
  readonly cpuSeconds: number;
  readonly tookMs: number;
}
