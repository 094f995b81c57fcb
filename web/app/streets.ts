/** The lots on real streets. Loaded only when somebody opens a map where the operator provides one: MapLibre is larger than all the rest. */
import type { LotState } from '#core/lots/lot.ts';
import { LngLatBounds, Map as StreetMap, Marker, addProtocol, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import { PMTiles, Protocol } from 'pmtiles';
import { placesOf, SHAPES, type Placed } from './parts/plainMap.tsx';
import { streetStyle } from './streetStyle.ts';

const DARK = matchMedia('(prefers-color-scheme: dark)');
/** Nearer than this one lot alone would show its own corner, and no way there. */
const NEAREST_ZOOM = 14;
const MARGIN_PIXELS = 48;
const SVG = 'http://www.w3.org/2000/svg';

interface TrustedTypes {
  createPolicy(name: 'default', rules: { createScriptURL: (url: string) => string | null }): unknown;
}

/** MapLibre names its worker by text: this one script may be named so, and no other. */
(globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('default', {
  createScriptURL: (url) => (url === workerUrl ? url : null),
});
setWorkerUrl(workerUrl);
const protocol = new Protocol();
addProtocol('pmtiles', protocol.tile);

export interface StreetsOptions {
  readonly container: HTMLElement;
  /** the path of the PMTiles file */
  readonly tiles: string;
  readonly open: (id: string) => void;
  /** what is said to one finger, and to a wheel without Ctrl: the page under it scrolls */
  readonly how: { readonly fingers: string; readonly wheel: string };
  /** the file is not what it was, or the graphics are gone: draw something else */
  readonly failed: () => void;
}

export interface Streets {
  show(lots: readonly Placed[]): void;
  /** @param levels 1 nearer, -1 further off */
  zoom(levels: number): void;
  close(): void;
}

/** @param lots where to look at first. @throws when the file can't be had, none of them is on it, or there is no WebGL */
export async function openStreets(options: StreetsOptions, lots: readonly Placed[]): Promise<Streets> {
  const url = new URL(options.tiles, location.href).href;
  const archive = new PMTiles(url);
  protocol.add(archive);
  const { minLon, minLat, maxLon, maxLat } = await archive.getHeader();
  const paper = new LngLatBounds([minLon, minLat, maxLon, maxLat]);
  if (!lots.some(({ location: at }) => paper.contains(at))) throw new Error('none of the lots is on this map');
  const map = drawn(url, options, boundsOf(lots));
  const redraw = (): void => void map.setStyle(streetStyle(url, DARK.matches));
  DARK.addEventListener('change', redraw);
  let pins: Marker[] = [];
  let isLed = false;
  map.on('movestart', ({ originalEvent }) => (isLed ||= originalEvent !== undefined));
  return {
    show: (next) => {
      for (const pin of pins) pin.remove();
      pins = pinsOf(next, options.open).map((pin) => pin.addTo(map));
      if (!isLed && next.length > 0) map.fitBounds(boundsOf(next), FIT);
    },
    zoom: (levels) => {
      isLed = true;
      map.zoomTo(Math.round(map.getZoom()) + levels);
    },
    close: () => {
      DARK.removeEventListener('change', redraw);
      map.remove();
    },
  };
}

const FIT = { padding: MARGIN_PIXELS, maxZoom: NEAREST_ZOOM, animate: false };

function drawn(url: string, { container, how, failed }: StreetsOptions, bounds: LngLatBounds): StreetMap {
  const map = new StreetMap({
    container,
    style: streetStyle(url, DARK.matches),
    bounds,
    fitBoundsOptions: FIT,
    // beneath it, in the page's own words
    attributionControl: false,
    // A finger that scrolls the page must not be caught by the map on its way.
    cooperativeGestures: true,
    locale: {
      'CooperativeGesturesHandler.MobileHelpText': how.fingers,
      'CooperativeGesturesHandler.WindowsHelpText': how.wheel,
      'CooperativeGesturesHandler.MacHelpText': how.wheel,
    },
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    keyboard: false,
    fadeDuration: 0,
  });
  map.touchZoomRotate.disableRotation();
  // The list says the same in words: whoever can't see the map, or has no pointer, isn't led into it.
  map.getCanvas().tabIndex = -1;
  container.setAttribute('aria-busy', 'true');
  void map.once('idle', () => container.setAttribute('aria-busy', 'false'));
  map.on('error', failed);
  map.on('webglcontextlost', failed);
  return map;
}

function boundsOf(lots: readonly Placed[]): LngLatBounds {
  const bounds = new LngLatBounds();
  for (const { location: at } of lots) bounds.extend([at.lon, at.lat]);
  return bounds;
}

/** One mark a place: the newest lot's, and how many there are. */
function pinsOf(lots: readonly Placed[], open: (id: string) => void): Marker[] {
  const places = placesOf(lots, ({ location: { lat, lon } }) => `${String(lat)} ${String(lon)}`);
  return [...places.values()].map(({ count, lot }) => {
    const element = pinOf(lot, count);
    element.addEventListener('click', () => open(lot.id));
    return new Marker({ element }).setLngLat([lot.location.lon, lot.location.lat]);
  });
}

function pinOf({ id, state }: Placed, count: number): HTMLElement {
  const pin = document.createElement('div');
  pin.className = 'pin';
  pin.dataset['lot'] = id;
  const picture = pin.appendChild(document.createElementNS(SVG, 'svg'));
  picture.setAttribute('viewBox', '-10 -10 20 20');
  const mark = picture.appendChild(document.createElementNS(SVG, 'path'));
  mark.setAttribute('class', 'mark');
  mark.setAttribute('d', SHAPES[state as LotState] ?? '');
  if (count > 1) pin.appendChild(document.createElement('b')).textContent = String(count);
  return pin;
}
