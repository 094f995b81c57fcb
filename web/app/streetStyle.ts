/** How the streets are drawn, in the layers of OpenMapTiles: calm, so that the lots stand out. */
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';

const COLOURS = {
  light: {
    land: '#eef1ee',
    green: '#d3e6d2',
    water: '#b5d3e6',
    building: '#dde1dd',
    casing: '#c3cac6',
    road: '#ffffff',
    path: '#c9bfae',
    rail: '#a9b0ac',
    ink: '#3d4943',
    halo: '#ffffff',
  },
  dark: {
    land: '#16201b',
    green: '#1c3326',
    water: '#15324a',
    building: '#202b26',
    casing: '#0d1411',
    road: '#36443d',
    path: '#4a4438',
    rail: '#4c5851',
    ink: '#c3cfc8',
    halo: '#0f1613',
  },
} as const;
type Colours = Record<keyof typeof COLOURS.light, string>;

const SOURCE = 'streets';
const BIG = ['motorway', 'trunk', 'primary', 'secondary', 'tertiary'];
/** Whatever language its makers wrote them in. */
const NAME = ['coalesce', ['get', 'name:latin'], ['get', 'name']] as const;

/** @param url of the PMTiles file. Without a `glyphs` address letters are drawn from the phone's own fonts. */
export function streetStyle(url: string, isDark: boolean): StyleSpecification {
  const colours = COLOURS[isDark ? 'dark' : 'light'];
  return {
    version: 8,
    sources: { [SOURCE]: { type: 'vector', url: `pmtiles://${url}` } },
    layers: [{ id: 'land', type: 'background', paint: { 'background-color': colours.land } }, ...layers(colours)],
  };
}

function layers(colours: Colours): LayerSpecification[] {
  return [
    area('landcover', colours.green),
    area('park', colours.green),
    area('water', colours.water),
    line('waterway', colours.water, [10, 1, 16, 3]),
    area('building', colours.building),
    line('transportation', colours.path, [13, 0.5, 17, 2], 'paths', of('path', 'track')),
    line('transportation', colours.rail, [11, 0.5, 17, 2], 'rails', of('rail', 'transit')),
    line('transportation', colours.casing, [12, 1, 17, 12], 'small casing', of('minor', 'service')),
    line('transportation', colours.casing, [8, 1.5, 13, 4, 17, 18], 'big casing', of(...BIG)),
    line('transportation', colours.road, [12, 0.5, 17, 9], 'small', of('minor', 'service')),
    line('transportation', colours.road, [8, 0.75, 13, 2.5, 17, 15], 'big', of(...BIG)),
    names('transportation_name', colours, { 'symbol-placement': 'line', 'text-size': 12 }),
    names('place', colours, { 'text-size': 14 }),
  ];
}

type Filter = NonNullable<Extract<LayerSpecification, { type: 'line' }>['filter']>;

function of(...classes: string[]): Filter {
  return ['in', ['get', 'class'], ['literal', classes]];
}

function area(layer: string, colour: string): LayerSpecification {
  return { id: layer, type: 'fill', source: SOURCE, 'source-layer': layer, paint: { 'fill-color': colour } };
}

/** @param widths zoom, pixels, zoom, pixels … */
function line(layer: string, colour: string, widths: number[], id = layer, filter?: Filter): LayerSpecification {
  return {
    id,
    type: 'line',
    source: SOURCE,
    'source-layer': layer,
    ...(filter === undefined ? {} : { filter }),
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: {
      'line-color': colour,
      'line-width': ['interpolate', ['exponential', 1.5], ['zoom'], ...widths] as never,
    },
  };
}

function names(
  layer: string,
  colours: Colours,
  layout: Extract<LayerSpecification, { type: 'symbol' }>['layout'],
): LayerSpecification {
  return {
    id: layer,
    type: 'symbol',
    source: SOURCE,
    'source-layer': layer,
    layout: { 'text-field': NAME as never, 'text-font': ['system-ui', 'sans-serif'], ...layout },
    paint: { 'text-color': colours.ink, 'text-halo-color': colours.halo, 'text-halo-width': 1.5 },
  };
}
