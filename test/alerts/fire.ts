/** `make alerts-fire`: breaks a running stack in every way the alerts know, and waits until each alert fires. */
import { setTimeout as pause } from 'node:timers/promises';
import { say, setting } from '../survival/setting.ts';
import { BREAKS, type Break } from './breaks.ts';
import { type AlertStage, openAlertStage, signInDonors } from './stage.ts';

const WITHIN_MS = 300_000;
/** ALERTS=HotCell,OutboxLag: these alone */
const wanted = setting('ALERTS', '')
  .split(',')
  .filter((name) => name !== '');
const breaks = BREAKS.filter(({ alerts }) => wanted.length === 0 || alerts.some((name) => wanted.includes(name)));
if (breaks.length === 0) throw new Error(`No such alert: ${wanted.join(', ')}`);

let silent = 0;
for (const needsDisks of [false, true]) {
  const these = breaks.filter((each) => (each.needsDisks ?? false) === needsDisks);
  if (these.length === 0) continue;
  const stage = await openAlertStage({ 'actor-host': 2 }, needsDisks);
  try {
    for (const each of these) silent += await fire({ ...stage, donors: await signInDonors(stage.stack) }, each);
  } finally {
    await stage.stop();
  }
}
say(silent === 0 ? 'every alert fired' : `${String(silent)} alerts stayed silent`);
process.exit(silent === 0 ? 0 : 1);

/** @returns how many of its alerts stayed silent */
async function fire(on: AlertStage, { what, alerts, withinMs = WITHIN_MS, run }: Break): Promise<number> {
  say(`${what} …`);
  const mended = new AbortController();
  const startedMs = performance.now();
  const running = run(on, mended.signal).catch((error: unknown) => {
    say(`  could not be broken: ${String(error)}`);
    mended.abort();
  });
  const left = new Set(alerts);
  while (left.size > 0 && performance.now() - startedMs < withinMs && !mended.signal.aborted) {
    await pause(1_000);
    for (const name of await on.firing()) {
      if (!left.delete(name)) continue;
      say(`  ${name} fires after ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
    }
  }
  mended.abort();
  await running;
  for (const name of left) say(`  ${name} stayed silent`);
  return left.size;
}
