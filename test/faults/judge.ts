import { join } from 'node:path';
import { AFTERMATH_LAW, unserved } from './aftermath.ts';
import { TOLD_LAW, untold } from './told.ts';
import { AVAILABILITY_LAW, TURNED_AWAY_LAW, turnedAway, unavailable } from './availability.ts';
import type { Campaign } from './campaign.ts';
import { brokenLaws, LAW_NAMES } from './laws.ts';
import type { Breach } from './breach.ts';
import { checkedOperations, checkLinearity } from './linearize.ts';

export interface Judgement {
  readonly breaches: readonly Breach[];
  /** what Porcupine looked at, or why it could not */
  readonly linearity: string;
  readonly isLinearityChecked: boolean;
}

const QUIET_WITHIN_MS = 60_000;
const QUIET_LAW = 'quiet within 60 s of the last fault';
const ENDS_LAW = 'every lot ends';
const LINEAR_LAW = 'operations on a lot are linearizable';

/** Whatever a judgement may say is broken. */
export const ALL_LAWS: readonly string[] = [
  ...LAW_NAMES,
  AVAILABILITY_LAW,
  TURNED_AWAY_LAW,
  AFTERMATH_LAW,
  TOLD_LAW,
  QUIET_LAW,
  ENDS_LAW,
  LINEAR_LAW,
];

/** All laws over what a campaign left. @param dir what Porcupine reads is kept there */
export function judge({ evidence, injected, quietAfterMs, errands }: Campaign, dir: string): Judgement {
  const breaches = [
    ...brokenLaws(evidence),
    ...unavailable(evidence.operations, injected),
    ...turnedAway(evidence.operations, injected),
    ...unserved(errands),
    ...untold(evidence, injected),
  ];
  if (quietAfterMs === null || quietAfterMs > QUIET_WITHIN_MS)
    breaches.push({
      law: QUIET_LAW,
      what: quietAfterMs === null ? 'never quiet' : `${String(quietAfterMs)} ms`,
      evidence: evidence.lots.filter((lot) => lot.nextActionAtMs !== null),
    });
  const open = evidence.lots.filter((lot) => lot.nextActionAtMs !== null);
  if (open.length > 0)
    breaches.push({
      law: ENDS_LAW,
      what: `${String(open.length)} lots are open after all was cancelled`,
      evidence: open,
    });
  const operations = checkedOperations(evidence.operations, evidence.steps, evidence.offers);
  const linear = checkLinearity(operations, join(dir, 'linear.jsonl'));
  if (!linear.checked)
    return { breaches, linearity: `LINEARIZABILITY WAS NOT CHECKED: ${linear.because}`, isLinearityChecked: false };
  for (const lot of [...linear.illegal, ...linear.undecided]) {
    const what = `${lot}: ${linear.illegal.includes(lot) ? 'no order explains its answers' : 'undecided in time'}`;
    const own = operations.filter((each) => each.lot === lot);
    breaches.push({ law: LINEAR_LAW, what, evidence: own });
  }
  const linearity = `Porcupine: ${String(linear.operations)} operations on ${String(linear.lots)} lots`;
  return { breaches, linearity, isLinearityChecked: true };
}
