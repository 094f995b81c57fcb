/** The map's tiles: one file, read in ranges by whoever looks at a map. It is public data, so nobody has to be signed in. */
import fastifyStatic from '@fastify/static';
import type { MapTiles } from '../map/tiles.ts';
import type { Api } from '../requests.ts';

const YEAR_SECONDS = 365 * 24 * 60 * 60;
const HEADERS = {
  'content-type': 'application/vnd.pmtiles',
  'cache-control': `public, max-age=${String(YEAR_SECONDS)}, immutable`,
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

/** Without a file there is no route. @see Me for how the screens learn of it */
export async function mapRoutes(app: Api, tiles: MapTiles | null): Promise<void> {
  if (tiles === null) return;
  await app.register(async (map) => {
    await map.register(fastifyStatic, {
      root: tiles.folder,
      serve: false,
      cacheControl: false,
      dotfiles: 'allow',
      setHeaders: (reply) => void reply.headers(HEADERS),
    });
    map.route({
      method: ['GET', 'HEAD'],
      url: tiles.path,
      config: { access: 'public' },
      schema: { hide: true },
      handler: async (_, reply) => await reply.sendFile(tiles.name),
    });
  });
}
