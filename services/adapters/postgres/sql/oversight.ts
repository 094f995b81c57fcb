/** What operators look at: who answers, who is trouble, how today goes. Across regions; each table is asked by itself. */
import type { Pool } from '../pool.ts';
import { HEARTBEAT_DAYS } from './pushSubscriptions.ts';
import { readSlowly } from './slowRead.ts';

/** Answers and trouble are counted over this time. */
const OVERSIGHT_DAYS = 30;

export interface RecipientOversight {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly pausedByOperator: boolean;
  readonly fallback: boolean;
  /** offers that were answered, or lapsed */
  readonly asked: number;
  readonly accepted: number;
  readonly declined: number;
  readonly lapsed: number;
  readonly released: number;
  /** browsers that are notified, and are alive */
  readonly devices: number;
  /** gone, or silent for too long */
  readonly deadDevices: number;
  /** RFC 3339; when a device last said that a push was shown; null: never */
  readonly lastPushAt: string | null;
  readonly phone: 'none' | 'given' | 'refused';
  readonly lastTextAt: string | null;
}

interface RecipientRow {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly pausedByOperator: boolean;
  readonly fallback: boolean;
}
interface AnswerRow {
  readonly id: string;
  readonly accepted: number;
  readonly declined: number;
  readonly lapsed: number;
  readonly released: number;
}
interface DeviceRow {
  readonly id: string;
  readonly devices: number;
  readonly dead: number;
  readonly arrived: Date | null;
}
interface PhoneRow {
  readonly id: string;
  readonly refused: boolean;
  readonly sent: Date | null;
}

const RECIPIENTS = `select recipient_id as id, name, active, paused_by_operator as "pausedByOperator", fallback
  from recipient order by recipient_id`;
// An offer is made after its lot is posted: the second bound leaves whole partitions out.
const ANSWERS = `select recipient_id as id,
    count(*) filter (where state in ('claimed', 'collected'))::int as accepted,
    count(*) filter (where state = 'declined')::int as declined,
    count(*) filter (where state = 'lapsed')::int as lapsed,
    count(*) filter (where state = 'released')::int as released
  from offer where offered_at > now() - $1 * interval '1 day' and posted_at > now() - ($1 + 31) * interval '1 day'
  group by recipient_id`;
const DEVICES = `select organisation_id as id,
    count(*) filter (where dead_at is null and heartbeat_at > now() - $1 * interval '1 day')::int as devices,
    count(*) filter (where dead_at is not null or heartbeat_at <= now() - $1 * interval '1 day')::int as dead,
    max(arrived_at) as arrived
  from push_subscription where role = 'recipient' group by organisation_id`;
const PHONES = `select organisation_id as id, refused_at is not null as refused, last_sent_at as sent
  from phone_number where role = 'recipient'`;

/** By name. */
export async function overseeRecipients(pool: Pool): Promise<RecipientOversight[]> {
  const [recipients, answers, devices, phones] = await Promise.all([
    readSlowly<RecipientRow>(pool, RECIPIENTS, []),
    readSlowly<AnswerRow>(pool, ANSWERS, [OVERSIGHT_DAYS]).then(byId),
    readSlowly<DeviceRow>(pool, DEVICES, [HEARTBEAT_DAYS]).then(byId),
    readSlowly<PhoneRow>(pool, PHONES, []).then(byId),
  ]);
  return recipients
    .map((recipient) => {
      const { accepted, declined, lapsed, released } = answers.get(recipient.id) ?? NO_ANSWERS;
      const device = devices.get(recipient.id);
      const phone = phones.get(recipient.id);
      return {
        ...recipient,
        asked: accepted + declined + lapsed + released,
        accepted,
        declined,
        lapsed,
        released,
        devices: device?.devices ?? 0,
        deadDevices: device?.dead ?? 0,
        lastPushAt: device?.arrived?.toISOString() ?? null,
        phone: phone === undefined ? ('none' as const) : phone.refused ? ('refused' as const) : ('given' as const),
        lastTextAt: phone?.sent?.toISOString() ?? null,
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

const NO_ANSWERS: Omit<AnswerRow, 'id'> = { accepted: 0, declined: 0, lapsed: 0, released: 0 };

function byId<Row extends { readonly id: string }>(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}

export interface DonorOversight {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly pausedByOperator: boolean;
  readonly posts: number;
  /** lots withdrawn after they were posted */
  readonly cancelled: number;
  /** lots whose time passed uncollected */
  readonly expired: number;
  /** handovers of less than was claimed, or with the code locked after wrong tries */
  readonly badHandovers: number;
}

interface DonorRow {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly pausedByOperator: boolean;
}
interface LotsRow {
  readonly id: string;
  readonly posts: number;
  readonly cancelled: number;
  readonly expired: number;
}
interface BadRow {
  readonly id: string;
  readonly bad: number;
}

const DONORS = `select donor_id as id, name, active, paused_by_operator as "pausedByOperator" from donor where donor_id = any($1)`;
const DONOR_LOTS = `select donor_id as id, count(*) filter (where parent_id is null)::int as posts,
    count(*) filter (where state = 'cancelled')::int as cancelled, count(*) filter (where state = 'expired')::int as expired
  from lot where posted_at > now() - $1 * interval '1 day' group by donor_id`;
const SHORT = `select l.donor_id as id, count(*)::int as bad
  from matching_history c
  join matching_history a on a.geo_region_id = c.geo_region_id and a.posted_at = c.posted_at and a.lot_id = c.lot_id
    and a.offer_id = c.offer_id and a.reason = 'accepted' and a.quantity_grams > c.quantity_grams
  join lot l on l.geo_region_id = c.geo_region_id and l.posted_at = c.posted_at and l.lot_id = c.lot_id
  where c.reason = 'collected' and c.posted_at > now() - $1 * interval '1 day' group by l.donor_id`;
const LOCKED = `select l.donor_id as id, count(*)::int as bad
  from offer o join lot l on l.geo_region_id = o.geo_region_id and l.posted_at = o.posted_at and l.lot_id = o.lot_id
  where (o.wrong_codes >= 5 or o.code_generation > 1) and o.posted_at > now() - $1 * interval '1 day' group by l.donor_id`;

/** Those who posted lately, the most trouble first. */
export async function overseeDonors(pool: Pool): Promise<DonorOversight[]> {
  const days = [OVERSIGHT_DAYS];
  const [lots, short, locked] = await Promise.all([
    readSlowly<LotsRow>(pool, DONOR_LOTS, days),
    readSlowly<BadRow>(pool, SHORT, days).then(byId),
    readSlowly<BadRow>(pool, LOCKED, days).then(byId),
  ]);
  const donors = byId(await readSlowly<DonorRow>(pool, DONORS, [lots.map(({ id }) => id)]));
  return lots
    .map(({ id, posts, cancelled, expired }) => ({
      id,
      name: donors.get(id)?.name ?? id,
      active: donors.get(id)?.active ?? false,
      pausedByOperator: donors.get(id)?.pausedByOperator ?? false,
      posts,
      cancelled,
      expired,
      badHandovers: (short.get(id)?.bad ?? 0) + (locked.get(id)?.bad ?? 0),
    }))
    .sort((a, b) => troubleOf(b) - troubleOf(a) || a.name.localeCompare(b.name));
}

function troubleOf({ cancelled, expired, badHandovers }: DonorOversight): number {
  return cancelled + expired + badHandovers;
}

export interface HourOversight {
  /** RFC 3339; when the hour begins */
  readonly from: string;
  readonly postedGrams: number;
  readonly collectedGrams: number;
  /** expired and cancelled */
  readonly lostGrams: number;
}

interface HourRow {
  readonly hour: Date;
  readonly posted: string;
  readonly collected: string;
  readonly lost: string;
}

const HOURS = 24;
const POSTED = `select date_trunc('hour', posted_at) as hour, sum(posted_grams)::bigint as posted, 0::bigint as collected, 0::bigint as lost
  from lot where posted_at > now() - interval '25 hours' and parent_id is null group by 1`;
const ENDED = `select date_trunc('hour', ended_at) as hour, 0::bigint as posted,
    coalesce(sum(quantity_grams) filter (where state = 'collected'), 0)::bigint as collected,
    coalesce(sum(quantity_grams) filter (where state <> 'collected'), 0)::bigint as lost
  from lot where ended_at > now() - interval '25 hours' and posted_at > now() - interval '32 days' group by 1`;

/** The last 24 hours, the present one last. @param nowMs unix ms */
export async function overseeHours(pool: Pool, nowMs: number): Promise<HourOversight[]> {
  const [posted, ended] = await Promise.all([
    readSlowly<HourRow>(pool, POSTED, []),
    readSlowly<HourRow>(pool, ENDED, []),
  ]);
  const lastMs = Math.floor(nowMs / 3_600_000) * 3_600_000;
  return Array.from({ length: HOURS }, (_, n) => {
    const fromMs = lastMs - (HOURS - 1 - n) * 3_600_000;
    const rows = [...posted, ...ended].filter(({ hour }) => hour.getTime() === fromMs);
    const sum = (field: 'posted' | 'collected' | 'lost'): number =>
      rows.reduce((all, row) => all + Number(row[field]), 0);
    return {
      from: new Date(fromMs).toISOString(),
      postedGrams: sum('posted'),
      collectedGrams: sum('collected'),
      lostGrams: sum('lost'),
    };
  });
}
