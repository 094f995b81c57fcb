import type { LotState } from '#core/lots/lot.ts';
import type { SurplusView } from '#core/lots/view.ts';

/** A shape for each state, so that none is told by its colour; 16 wide, around 0. */
export const SHAPES: Readonly<Partial<Record<LotState, string>>> = {
  posted: 'M-7-7H7V7H-7Z',
  offered: 'M0-8A8 8 0 1 0 0 8A8 8 0 1 0 0-8Z',
  claimed: 'M0-9L9 0L0 9L-9 0Z',
  rematching: 'M0-9L9 7H-9Z',
};

const SIDE = 320;
const MARGIN = 24;
const METERS_PER_DEGREE = 111_195;
/** Nothing is drawn larger than this: one lot alone would fill the map with its own street. */
const LEAST_METERS = 1_000;
const STEPS = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000];

export type Placed = Pick<SurplusView, 'id' | 'state' | 'location'>;

interface PlainMapProps {
  readonly lots: readonly Placed[];
  readonly open: (id: string) => void;
  /** what the scale says */
  readonly scale: (meters: number) => string;
}

/** North is up, one square of the grid as long as the scale says. The list beside it says the same in words. */
export function PlainMap({ lots, open, scale }: PlainMapProps) {
  const { xOf, yOf, gridMeters, pixelsPerMeter } = projectionOf(lots);
  const crowds = [...placesOf(lots, (lot) => `${xOf(lot)} ${yOf(lot)}`)].filter(([, { count }]) => count > 1);
  const grid = gridMeters * pixelsPerMeter;
  const lines = Array.from({ length: Math.floor(SIDE / grid) + 1 }, (_, n) => n * grid);
  return (
    <svg class="map" viewBox={`0 0 ${String(SIDE)} ${String(SIDE + 24)}`} aria-hidden="true">
      <rect class="land" width={SIDE} height={SIDE} />
      {lines.map((at) => (
        <g key={at}>
          <line x1={at} y1="0" x2={at} y2={SIDE} />
          <line x1="0" y1={at} x2={SIDE} y2={at} />
        </g>
      ))}
      {lots.map((lot) => (
        <path
          key={lot.id}
          class="mark"
          d={SHAPES[lot.state as LotState]}
          transform={`translate(${xOf(lot)} ${yOf(lot)})`}
          onClick={() => open(lot.id)}
        />
      ))}
      {crowds.map(([at, { count, lot }]) => (
        <text class="crowd" key={at} x={Number(xOf(lot)) + 12} y={Number(yOf(lot)) + 4}>
          {count}
        </text>
      ))}
      <path class="scale" d={`M2 ${String(SIDE + 8)}v6h${String(grid)}v-6`} />
      <text x={grid + 10} y={SIDE + 16}>
        {scale(gridMeters)}
      </text>
    </svg>
  );
}

/** The first lot of each place, and how many there are: one mark covers the other. */
export function placesOf(lots: readonly Placed[], placeOf: (lot: Placed) => string) {
  const places = new Map<string, { readonly count: number; readonly lot: Placed }>();
  for (const lot of lots) {
    const known = places.get(placeOf(lot));
    places.set(placeOf(lot), { lot: known?.lot ?? lot, count: (known?.count ?? 0) + 1 });
  }
  return places;
}

/** Equirectangular around the lots' middle: good for a city. */
function projectionOf(lots: readonly Placed[]) {
  const lats = lots.map(({ location }) => location.lat);
  const lons = lots.map(({ location }) => location.lon);
  const middle = { lat: middleOf(lats), lon: middleOf(lons) };
  const shrink = Math.cos((middle.lat * Math.PI) / 180);
  const high = spanOf(lats) * METERS_PER_DEGREE;
  const wide = spanOf(lons) * METERS_PER_DEGREE * shrink;
  const pixelsPerMeter = (SIDE - 2 * MARGIN) / Math.max(high, wide, LEAST_METERS);
  const place = (degrees: number): number => degrees * METERS_PER_DEGREE * pixelsPerMeter;
  return {
    pixelsPerMeter,
    gridMeters: STEPS.find((meters) => meters * pixelsPerMeter >= SIDE / 6) ?? 500_000,
    xOf: ({ location }: Placed) => (SIDE / 2 + place((location.lon - middle.lon) * shrink)).toFixed(1),
    yOf: ({ location }: Placed) => (SIDE / 2 - place(location.lat - middle.lat)).toFixed(1),
  };
}

function middleOf(values: readonly number[]): number {
  return (Math.min(...values) + Math.max(...values)) / 2;
}

function spanOf(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}
