import Type from 'typebox';
import { Value } from 'typebox/value';
import type { Recipient } from '#core/matching/candidate.ts';
import { isTimeZone } from '#core/matching/hours.ts';
import { parseOrganisationId } from '#core/words/ids.ts';
import { unreadableRecipients } from './metrics.ts';

const Minute = Type.Integer({ minimum: 0, maximum: 8 * 24 * 60 });
const Hours = Type.Array(Type.Tuple([Minute, Minute]));
const Needs = Type.Record(Type.String(), Type.Number());
const Facts = Type.Object({
  recipientId: Type.String(),
  name: Type.String(),
  lat: Type.Number(),
  lon: Type.Number(),
  active: Type.Boolean(),
  fallback: Type.Boolean(),
  categories: Type.Array(Type.String()),
  storages: Type.Array(Type.String()),
  needs: Needs,
  hours: Hours,
  timeZone: Type.String(),
  travelMode: Type.Enum(['pedestrian', 'bicycle', 'auto']),
  capacityGrams: Type.Number(),
  dailyCapacityGrams: Type.Number(),
  weeklyNeedGrams: Type.Number(),
});

/**
 * A recipient whose row the api has not checked: SQL lets any hours, needs and time zone in, and one that a turn can't read would stop
 * matching for everybody near. It is never open until its row is put right; the metric names it.
 */
export function readable(recipient: Recipient): Recipient {
  const { recipientId, timeZone } = recipient;
  const isRead = Value.Check(Hours, recipient.hours) && Value.Check(Needs, recipient.needs) && isTimeZone(timeZone);
  if (isRead) {
    unreadableRecipients.remove(recipientId);
    return recipient;
  }
  unreadableRecipients.set({ recipient: recipientId }, 1);
  return { ...recipient, hours: [], needs: {}, timeZone: readableZone(timeZone) };
}

/**
 * Whether a recipient's id is one. SQL lets any text in; nobody could sign in for it, and a blank in it would part the lists that scripts answer
 * in the wrong place, for everybody near. It is left out altogether; the metric names it.
 */
export function isNamed(recipientId: string): boolean {
  const is = parseOrganisationId(recipientId) !== null;
  if (!is) unreadableRecipients.set({ recipient: recipientId }, 1);
  return is;
}

/** Who is gone is named no more. @param ids of all recipients that there are */
export async function unnameOthers(ids: ReadonlySet<string>): Promise<void> {
  const { values } = await unreadableRecipients.get();
  for (const { labels } of values) if (!ids.has(String(labels.recipient))) unreadableRecipients.remove(labels);
}

/** UTC for a zone that this process doesn't know. */
export function readableZone(timeZone: string): string {
  return isTimeZone(timeZone) ? timeZone : 'UTC';
}

/** What Redis keeps of a recipient; null: a hand or another program has spoilt it. */
export function factsIn(text: string): Recipient | null {
  try {
    const value = JSON.parse(text) as Recipient;
    return Value.Check(Facts, value) && isTimeZone(value.timeZone) ? value : null;
  } catch {
    return null;
  }
}
