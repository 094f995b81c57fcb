import type { Pool } from '#adapters/postgres/pool.ts';
import { principalOfRequest } from '../auth/gate.ts';
import { factsOf } from '../identity/memberFacts.ts';
import { memberOf } from '../identity/member.ts';
import type { MapTiles } from '../map/tiles.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';

interface MeDependencies {
  readonly pool: Pool;
  readonly photos: object | null;
  readonly mapTiles: MapTiles | null;
}

export function meRoutes(app: Api, { pool, photos, mapTiles }: MeDependencies): void {
  app.get(
    '/v1/me',
    {
      config: { access: ['donor', 'recipient', 'operator'] },
      schema: { summary: 'Who the token says you are', tags: ['identity'], response: answers(200, 'Me') },
    },
    async (request) => ({
      ...(await factsOf(pool, memberOf(principalOfRequest(request)))),
      photos: photos !== null,
      map: mapTiles?.path ?? null,
    }),
  );
}
