/** After the faults: waits until the platform has caught up, and ends what is still open. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from './client.ts';
import { cancelOf } from './load.ts';
import { withDatabase } from './withDatabase.ts';

export interface QuietOptions {
  /** as the schema's owner */
  readonly databaseUrl: string;
  readonly client: Client;
  /** unix ms: when the last fault was over */
  readonly lastFaultMs: number;
  readonly withinMs: number;
  readonly say: (line: string) => void;
}

/** Waits until nothing is overdue. @returns ms from the last fault; null: not in time */
export async function waitForQuiet({ databaseUrl, lastFaultMs, withinMs, say }: QuietOptions): Promise<number | null> {
  say('waiting for quiet');
  return (await untilQuiet(databaseUrl, withinMs)) ? Date.now() - lastFaultMs : null;
}

/** Ends what is still open, and waits until that is done. */
export async function endOpen({ databaseUrl, client, withinMs, say }: QuietOptions): Promise<void> {
  const open = await ask<{ root: string; donor: string }>(
    databaseUrl,
    'select distinct root_id as root, donor_id as donor from lot where ended_at is null',
  );
  say(`ending ${String(open.length)} posts that are still open`);
  for (const { root, donor } of open) await client.perform(cancelOf(donor, root, `end-${root}`));
  await untilQuiet(databaseUrl, withinMs);
}

const WORK_LEFT = `select (select count(*) from lot where next_action_at < now() - interval '2 seconds')::int as overdue,
  (select count(*) from outbox where published_at is null)::int as unpublished`;

/** Nothing overdue or unpublished in two looks, a second apart. */
async function untilQuiet(url: string, withinMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  for (let quiet = 0; performance.now() < deadlineMs;) {
    const [left] = await ask<{ overdue: number; unpublished: number }>(url, WORK_LEFT).catch(() => []);
    quiet = left?.overdue === 0 && left.unpublished === 0 ? quiet + 1 : 0;
    if (quiet === 2) return true;
    await pause(1_000);
  }
  return false;
}

async function ask<Row>(url: string, sql: string): Promise<Row[]> {
  return await withDatabase(url, async (client) => (await client.query(sql)).rows as Row[]);
}
