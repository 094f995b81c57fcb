/** A link that opens the phone's own maps with the way to a place. Nothing is asked of anybody before it is tapped. */

/** iPads say that they are Macs; both have Apple's maps. */
const APPLE = /\b(iPhone|iPad|iPod|Macintosh)\b/;

interface Place {
  readonly lat: number;
  readonly lon: number;
}

/** Apple's devices ignore `geo:` (RFC 5870) and know this address as their own app's. @param userAgent of the browser */
export function routeLink(userAgent: string, { lat, lon }: Place): string {
  const place = `${String(lat)},${String(lon)}`;
  return APPLE.test(userAgent) ? `https://maps.apple.com/?daddr=${place}` : `geo:${place}?q=${place}`;
}
