export interface Place {
  /** degrees north, -90 to 90 */
  readonly lat: number;
  /** degrees east, -180 to 180 */
  readonly lon: number;
  /** its `placeKey`, where it has been worked out before: a place that many look at */
  readonly key?: string;
}

/** Mean Earth radius in metres (IUGG). */
const EARTH_RADIUS_METERS = 6_371_008.8;

/** Great-circle distance in metres by the haversine formula (Sinnott, 1984). */
export function haversineMeters(a: Place, b: Place): number {
  const toRadians = Math.PI / 180;
  const halfLat = Math.sin(((b.lat - a.lat) * toRadians) / 2);
  const halfLon = Math.sin(((b.lon - a.lon) * toRadians) / 2);
  const h = halfLat * halfLat + Math.cos(a.lat * toRadians) * Math.cos(b.lat * toRadians) * halfLon * halfLon;
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.min(1, Math.sqrt(h)));
}

export type TravelMode = 'pedestrian' | 'bicycle' | 'auto';

/** How much longer streets are than the straight line (detour index), and door-to-door speed in m/s in a city. */
const DETOUR_FACTOR = 1.35;
const SPEED_METERS_PER_SECOND: Record<TravelMode, number> = { pedestrian: 1.3, bicycle: 4, auto: 7 };

/** Travel time in seconds when no road is known: straight line × detour factor ÷ speed. */
export function estimateTravelSeconds(from: Place, to: Place, mode: TravelMode): number {
  return Math.round((haversineMeters(from, to) * DETOUR_FACTOR) / SPEED_METERS_PER_SECOND[mode]);
}

/** A place to about 1 m, as text: the key under which travel times are cached. */
export function placeKey(place: Place): string {
  return place.key ?? `${place.lat.toFixed(5)},${place.lon.toFixed(5)}`;
}
