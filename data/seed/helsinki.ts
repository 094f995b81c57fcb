/** Central Helsinki from OpenStreetMap (© OpenStreetMap contributors, ODbL); what the map doesn't know is derived. */
import { readFileSync } from 'node:fs';
import { hoursOf } from './hours.ts';
import {
  DERIVED_RESOURCES,
  DONOR_KINDS,
  RECIPIENT_KINDS,
  foodBankOfLastResort,
  resourcesOf,
  type DonorKind,
  type RecipientKind,
} from './kinds.ts';
import type { City, SeedDonor, SeedRecipient } from './organisation.ts';

const TIME_ZONE = 'Europe/Helsinki';

interface Feature {
  readonly geometry: { readonly coordinates: readonly [lon: number, lat: number] };
  readonly properties: { readonly name: string; readonly osm: string; readonly [tag: string]: string | undefined };
}

export function helsinki(): City {
  const bank = foodBankOfLastResort({
    id: 'derived-helsinki-food-bank',
    name: 'Helsinki food bank of last resort (derived)',
    lat: 60.1748,
    lon: 24.9437,
    timeZone: TIME_ZONE,
  });
  return { donors: features('donors').map(donorOf), recipients: [...features('recipients').map(recipientOf), bank] };
}

function features(name: string): readonly Feature[] {
  const text = readFileSync(new URL(`../helsinki/${name}.geojson`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { features: Feature[] }).features;
}

function placed({ geometry, properties }: Feature) {
  const [lon, lat] = geometry.coordinates;
  return {
    id: `osm-${properties.osm.replace('/', '-')}`,
    name: properties.name,
    lat,
    lon,
    timeZone: TIME_ZONE,
    osm: properties.osm,
  };
}

function donorOf(feature: Feature): SeedDonor {
  const place = placed(feature);
  const kind = donorKind(feature.properties);
  const { hours, hoursText, isDerived } = hoursOf(place.id, feature.properties['opening_hours'], kind.hours);
  return {
    ...place,
    hours,
    hoursText,
    categories: kind.categories,
    derived: ['categories', ...(isDerived ? ['hours'] : [])],
  };
}

function donorKind({ amenity, shop }: Feature['properties']): DonorKind {
  if (amenity !== undefined && amenity in DONOR_KINDS) return DONOR_KINDS[amenity as keyof typeof DONOR_KINDS];
  if (shop === 'confectionery') return DONOR_KINDS.bakery;
  if (shop !== undefined && shop in DONOR_KINDS) return DONOR_KINDS[shop as keyof typeof DONOR_KINDS];
  return DONOR_KINDS.shop;
}

function recipientOf(feature: Feature): SeedRecipient {
  const place = placed(feature);
  const kind = recipientKind(feature.properties);
  const { hours, hoursText, isDerived } = hoursOf(place.id, feature.properties['opening_hours'], kind.hours);
  const derived = [...DERIVED_RESOURCES, ...(isDerived ? ['hours'] : [])];
  return { ...place, ...resourcesOf(place.id, kind), hours, hoursText, derived, fallback: false };
}

function recipientKind({ amenity }: Feature['properties']): RecipientKind {
  switch (amenity) {
    case 'library':
      return RECIPIENT_KINDS.library;
    case 'school':
    case 'college':
    case 'university':
      return RECIPIENT_KINDS.school;
    case 'place_of_worship':
      return RECIPIENT_KINDS.worship;
    case 'social_facility':
      return RECIPIENT_KINDS.social;
    case 'community_centre':
      return RECIPIENT_KINDS.community;
    case undefined:
    default:
      // office=ngo, association, foundation
      return RECIPIENT_KINDS.ngo;
  }
}
