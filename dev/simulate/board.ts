import type { Ledger } from './ledger.ts';
import type { Settings } from './settings.ts';
import { percentile, type Tally } from './tally.ts';

export interface Board {
  show(tally: Tally, atMinute: number, retries: number): void;
  /** Leaves the last picture standing. */
  end(): void;
}

const LINE_EVERY_MS = 5_000;

/** On a terminal redrawn in place, else a line every few seconds. */
export function createBoard(out: NodeJS.WriteStream, settings: Settings): Board {
  let drawn = 0;
  let lastLineMs = -Infinity;
  return {
    show: (tally, atMinute, retries) => {
      if (out.isTTY) {
        const lines = picture(tally, atMinute, retries, settings);
        out.write((drawn > 0 ? `\u001b[${String(drawn)}A\u001b[J` : '') + lines.join('\n') + '\n');
        drawn = lines.length;
      } else if (performance.now() - lastLineMs >= LINE_EVERY_MS) {
        lastLineMs = performance.now();
        out.write(`${line(tally, atMinute, settings)}\n`);
      }
    },
    end: () => {
      drawn = 0;
    },
  };
}

function picture(tally: Tally, atMinute: number, retries: number, settings: Settings): string[] {
  const share = Math.min(1, atMinute / settings.minutes);
  const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '░');
  const row = (name: string, value: string, more = ''): string => `  ${name.padEnd(14)} ${value.padStart(9)}  ${more}`;
  return [
    '',
    `  ${settings.city}, ${clock(atMinute)}  ${bar}  ×${String(settings.speed)}  seed ${settings.seed}`,
    '',
    row('posted', `${String(tally.posted)}/${String(tally.planned)}`, kg(tally.postedGrams)),
    row('offered', String(tally.offersSeen), `post → offer p50 ${ms(tally, 0.5)}  p95 ${ms(tally, 0.95)}`),
    row('claimed', String(tally.claimed), `${String(tally.underWay)} on the way`),
    row('collected', String(tally.collected), `${kg(tally.collectedGrams)} rescued`),
    row(
      'rematched',
      String(tally.rematched),
      `${String(tally.declined)} declined, ${String(tally.silent)} silent, ${String(tally.released)} released`,
    ),
    row('dead-lettered', String(tally.deadLettered)),
    row('cancelled', String(tally.cancelled)),
    row('tried again', String(retries), refusals(tally)),
    '',
  ];
}

function line(tally: Tally, atMinute: number, settings: Settings): string {
  return (
    `${settings.city} ${clock(atMinute)}  posted ${String(tally.posted)}/${String(tally.planned)}  offered ${String(tally.offersSeen)}` +
    `  claimed ${String(tally.claimed)}  collected ${String(tally.collected)}  rematched ${String(tally.rematched)}` +
    `  dead-lettered ${String(tally.deadLettered)}  ${kg(tally.collectedGrams)} rescued` +
    `  post→offer p50 ${ms(tally, 0.5)} p95 ${ms(tally, 0.95)}${refusals(tally) === '' ? '' : `  ${refusals(tally)}`}`
  );
}

/** The evening begins at six. */
function clock(minute: number): string {
  const all = 18 * 60 + Math.floor(minute);
  return `${String(Math.floor(all / 60) % 24).padStart(2, '0')}:${String(all % 60).padStart(2, '0')}`;
}

function kg(grams: number): string {
  return `${(grams / 1000).toFixed(1)} kg`;
}

function ms(tally: Tally, share: number): string {
  const value = percentile(tally.firstOfferMs, share);
  return value === null ? '–' : `${String(Math.round(value))} ms`;
}

function refusals(tally: Tally): string {
  const parts = [...tally.refused].map(([why, count]) => `${String(count)} × ${why}`);
  if (tally.unanswered > 0) parts.push(`${String(tally.unanswered)} unanswered`);
  return parts.join(', ');
}

/** The end of the evening: what became of each post, and whether the books balance. */
export function ledgerText(ledger: Ledger, tally: Tally): string {
  const { stats, byState, faults } = ledger;
  const rows = [...byState].map(
    ([state, { lots, grams }]) => `  ${state.padEnd(14)} ${String(lots).padStart(6)} lots ${kg(grams).padStart(12)}`,
  );
  return [
    '',
    `Of the ${String(tally.posted)} posts of this evening (${kg(tally.postedGrams)}):`,
    ...rows.sort(),
    '',
    'The books, all posts ever:',
    `  posted ${kg(stats.postedGrams)} = collected ${kg(stats.collectedGrams)} (of it by the fallback ${kg(stats.collectedViaFallbackGrams)})` +
      ` + expired ${kg(stats.expiredGrams)} + cancelled ${kg(stats.cancelledGrams)} + open ${kg(stats.openGrams)}`,
    faults.length === 0 ? '  Nothing is lost: the ledger balances to the gram.' : '',
    ...faults.map((fault) => `  FAULT ${fault}`),
    '',
  ].join('\n');
}
