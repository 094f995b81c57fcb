import type { Journeys } from './journeys.ts';
import type { Matched } from './matchQuality.ts';
import type { Measured } from './measure.ts';
import type { Pgbench } from './pgbench.ts';
import type { Relayed } from './scenarios.ts';

/** What one `make bench` measured. */
export interface Results {
  readonly command: string;
  readonly seed: string;
  readonly startedAt: string;
  /** as it was when the run started */
  readonly commit: string;
  readonly measured: readonly Measured[];
  readonly pgbench: Pgbench;
  readonly relay: Relayed | null;
  readonly journeys: Journeys;
  readonly matching: readonly Matched[];
  /** of our tables with their indexes, for each post that was taken */
  readonly bytesPerPost: number;
}
