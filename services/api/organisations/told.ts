/** What an organisation tells of itself, checked beyond its schema, and how its record is shown. */
import { contactContext } from '#adapters/crypto/contactContext.ts';
import type { Sealed, Sealer } from '#adapters/crypto/sealed.ts';
import type { ParsedHours } from '#adapters/hours/parseOpeningHours.ts';
import type { Organisation, OrganisationKind } from '#adapters/postgres/sql/organisations.ts';
import { isTimeZone, overlapOf, type WeeklyHours } from '#core/matching/hours.ts';
import { malformed } from '../problems.ts';

export type ParseHours = (text: string) => Promise<ParsedHours>;

interface Body {
  readonly timeZone?: string;
  readonly hours?: readonly (readonly [number, number])[];
  readonly openingHours?: string;
  readonly contact?: object | null;
}

/** The row's frame, and what is stored in a form of its own. */
const NOT_TOLD: ReadonlySet<string> = new Set(['id', 'name', 'location', 'contact', 'hours', 'openingHours']);

/** Node takes `+07:00` for a zone; POSIX, and with it PostgreSQL, reads it as west. */
const IS_OFFSET = /^[+-]/;

/** @returns the fields to store. @throws Problem malformed-request naming the field */
export async function toldOf(body: Body, parseHours: ParseHours): Promise<Record<string, unknown>> {
  const { hours, openingHours, timeZone } = body;
  if (timeZone !== undefined && (IS_OFFSET.test(timeZone) || !isTimeZone(timeZone)))
    throw malformed('/timeZone', 'must be an IANA time zone such as Europe/Helsinki');
  const told = Object.entries(body).filter(([name]) => !NOT_TOLD.has(name));
  return { ...Object.fromEntries(told), ...(await hoursOf(hours, openingHours, parseHours)) };
}

async function hoursOf(
  hours: Body['hours'],
  text: string | undefined,
  parse: ParseHours,
): Promise<{ hours?: WeeklyHours; openingHours?: string | null }> {
  if (hours !== undefined && text !== undefined) throw malformed('/openingHours', 'give either hours or openingHours');
  if (text !== undefined) {
    const parsed = await parse(text);
    if (!parsed.ok)
      throw malformed('/openingHours', parsed.because === 'syntax' ? 'is not readable' : 'leaves open when it is open');
    return { hours: parsed.hours, openingHours: text };
  }
  if (hours === undefined) return {};
  hours.forEach(([from, to], index) => {
    if (from >= to) throw malformed(`/hours/${String(index)}`, 'must end after it begins');
  });
  const overlapping = overlapOf(hours);
  if (overlapping !== null) throw malformed(`/hours/${String(overlapping)}`, 'overlaps another');
  return { hours, openingHours: null };
}

/** undefined: not told; null: none. */
export function sealedContact(
  sealer: Sealer,
  kind: OrganisationKind,
  id: string,
  contact: object | null | undefined,
): Sealed | null | undefined {
  return contact === undefined || contact === null ? contact : sealer.seal(contact, contactContext(kind, id));
}

export function openContact(sealer: Sealer, kind: OrganisationKind, { id, contact }: Organisation): object | null {
  return contact === null ? null : (sealer.open(contact, contactContext(kind, id)) as object);
}

/** Without the contact. */
export function organisationView(organisation: Organisation) {
  const { id, name, lat, lon, told, derived, version, createdAt, updatedAt } = organisation;
  return {
    id,
    name,
    location: { lat, lon },
    ...told,
    derived,
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** For the audit log: the fields that changed, as they were and as they are; of a contact only that it changed. */
export function changesOf(before: Organisation, after: Organisation, contactTold: boolean) {
  const names = Object.keys(after.told).filter(
    (name) => JSON.stringify(before.told[name]) !== JSON.stringify(after.told[name]),
  );
  const pick = (from: Organisation): object => Object.fromEntries(names.map((name) => [name, from.told[name]]));
  const contact = contactTold ? { contact: 'changed' } : {};
  return { before: pick(before), after: { ...pick(after), ...contact } };
}
