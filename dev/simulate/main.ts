/** Plays an evening against the running API: `make simulate`. Exits with 1 when anything is lost or the ledger does not balance. */
import { randomUUID } from 'node:crypto';
import { createApi, listAll, OPERATOR, type Api } from './api.ts';
import { createBoard, ledgerText } from './board.ts';
import { playDonors } from './donors.ts';
import { planEvening, realMs, type Donor } from './evening.ts';
import { readLedger, readStats } from './ledger.ts';
import { playRecipients } from './recipients.ts';
import { readSettings, type Settings } from './settings.ts';
import { createTally, type Posted } from './tally.ts';

const BOARD_EVERY_MS = 500;
const STATS_EVERY_MS = 4_000;

async function play(settings: Settings): Promise<number> {
  const api = createApi(settings);
  const recipients = await seededRecipients(api);
  const [donors, before] = await Promise.all([listAll<Donor>(api, '/v1/donors'), readStats(api)]);
  const tally = createTally();
  const posted = new Map<string, Posted>();
  // The same seed may be played again on the same data: its posts are new ones, so their keys are.
  const evening = randomUUID().slice(0, 8);
  const plan = planEvening(settings, donors).map((each) => ({ ...each, key: `${evening}-${each.key}` }));
  tally.planned = plan.length;
  process.stdout.write(
    `${String(donors.length)} donors, ${String(recipients.length)} recipients; Ctrl-C ends the evening early\n`,
  );

  const beganMs = performance.now();
  let stopped = false;
  let drained = false;
  process.once('SIGINT', () => (stopped = true));
  const board = createBoard(process.stdout, settings);
  const minuteNow = (): number => ((performance.now() - beganMs) / 60_000) * settings.speed;
  const show = (): void => {
    board.show(tally, Math.min(settings.minutes, minuteNow()), api.retries());
  };
  const timers = [
    setInterval(show, BOARD_EVERY_MS),
    setInterval(() => {
      void api.call<{ deadLetteredLots?: number }>(OPERATOR, 'GET', '/v1/stats', { deadlineMs: 3_000 }).then(
        ({ body }) => {
          tally.deadLettered = (body.deadLetteredLots ?? 0) - (before.deadLetteredLots ?? 0);
        },
        () => undefined,
      );
    }, STATS_EVERY_MS),
  ];
  const recipientsDone = playRecipients(
    { api, tally, posted, settings, evening, isOver: () => drained },
    recipients.map(({ id }) => id),
  );
  const donorsDone = playDonors({ api, tally, posted, beganMs, isOver: () => stopped }, plan);
  await Promise.race([donorsDone, until(() => stopped)]);
  await until(() => stopped || performance.now() - beganMs >= realMs(settings, settings.minutes));
  // the last claims are still being collected, the last offers answered
  const drainMs = performance.now() + settings.drainSeconds * 1000;
  await until(() => performance.now() >= drainMs);
  drained = true;
  await recipientsDone;
  timers.forEach(clearInterval);
  show();
  board.end();
  const ledger = await readLedger(api, posted, before);
  process.stdout.write(ledgerText(ledger, tally));
  return ledger.faults.length === 0 ? 0 : 1;
}

/** `make run` seeds as its last step: whoever starts the evening at once waits for it. @throws Error when nobody comes */
async function seededRecipients(api: Api): Promise<{ id: string }[]> {
  for (let tries = 0; tries < 30; tries++) {
    const recipients = await listAll<{ id: string }>(api, '/v1/recipients');
    if (recipients.length > 0) return recipients;
    if (tries === 0) process.stdout.write('waiting for recipients to be seeded …\n');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  throw new Error('There are no recipients. Load a city: make seed CITY=helsinki');
}

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 100));
}

try {
  process.exit(await play(readSettings(process.argv.slice(2), process.env)));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${message}\nThe simulation needs the stack: start it with make run, and wait until it is ready.\n`,
  );
  process.exit(2);
}
