import Type from 'typebox';
import type { ObjectStore } from '#adapters/objects/objectStore.ts';
import type { Pool } from '#adapters/postgres/pool.ts';
import { photoKey, savePhoto } from '#adapters/postgres/sql/photos.ts';
import { principalOfRequest } from '../auth/gate.ts';
import { lotPlaceOf } from '../pathIds.ts';
import { checkJpeg, MAX_PHOTO_BYTES } from '../photos/jpeg.ts';
import type { LotReads } from '../ports.ts';
import { malformed, Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { LotId, PhotoId } from '../schemas/words.ts';
import { seesSurplus } from '../whoSees.ts';

export interface PhotoDependencies {
  readonly pool: Pool;
  readonly reads: LotReads;
  /** null: no photos here */
  readonly photos: ObjectStore | null;
}

const tags = ['surplus'];
const JPEG = 'image/jpeg';
/** A photo never changes under its id; who signs out and in as another must not find it in the browser's cache for long. */
const HOUR_SECONDS = 3_600;

/** Taken on the phone first, then named in the post: its id is the caller's, so that both can wait for a network. */
export async function photoRoutes(app: Api, dependencies: PhotoDependencies): Promise<void> {
  await app.register((pictures, _, done) => {
    pictures.addContentTypeParser(JPEG, { parseAs: 'buffer' }, (__, body, parsed) => parsed(null, body));
    upload(pictures, dependencies);
    done();
  });
  show(app, dependencies);
}

function upload(app: Api, { pool, photos }: PhotoDependencies): void {
  app.put(
    '/v1/photos/:id',
    {
      config: { access: ['donor'], slowBody: true },
      bodyLimit: MAX_PHOTO_BYTES,
      schema: {
        summary: 'A photo of food, to be named by a post',
        description:
          'The body is a JPEG (`image/jpeg`), at most 1 MB and 2,048 pixels a side. What it tells of camera and place is left out. ' +
          'Kept for 40 days.',
        tags,
        params: Type.Object({ id: PhotoId }),
        response: answers(204, '', 'kept'),
      },
    },
    async (request, reply) => {
      const principal = principalOfRequest(request);
      if (principal.role !== 'donor') throw new Problem('role-not-allowed', 'Photos are taken by donors.');
      const { id } = request.params;
      const body: unknown = request.body;
      if (!Buffer.isBuffer(body)) throw malformed('', 'send a JPEG, with content-type: image/jpeg');
      const checked = checkJpeg(body);
      if ('wrong' in checked) throw malformed('', checked.wrong);
      const store = storeOf(photos);
      if (!(await savePhoto(pool, id, principal.id, checked.picture.length)))
        throw new Problem('not-found', 'There is no such photo of yours.');
      await store.put(photoKey(principal.id, id), checked.picture, JPEG);
      return await reply.code(204).send();
    },
  );
}

function show(app: Api, { reads, photos }: PhotoDependencies): void {
  app.get(
    '/v1/surplus/:id/photo',
    {
      config: { access: ['donor', 'recipient', 'operator'] },
      schema: {
        summary: "The food's photo, for whoever sees the surplus",
        tags,
        params: LotId,
        response: { 200: { description: 'a JPEG', content: { [JPEG]: { schema: Type.Unknown() } } } },
      },
    },
    async (request, reply) => {
      const found = await reads.readSurplus(lotPlaceOf(request.params.id));
      if (found === null || !seesSurplus(principalOfRequest(request), found.lot)) throw noPhoto();
      const { donorId, photo } = found.lot;
      const picture = photo === null || photos === null ? null : await photos.get(photoKey(donorId, photo));
      if (picture === null) throw noPhoto();
      return await reply
        .headers({
          'content-type': JPEG,
          'cache-control': `private, max-age=${String(HOUR_SECONDS)}, immutable`,
          'x-content-type-options': 'nosniff',
          'content-security-policy': "default-src 'none'; sandbox",
          vary: 'authorization',
        })
        .send(picture);
    },
  );
}

function storeOf(photos: ObjectStore | null): ObjectStore {
  if (photos === null) throw new Problem('not-found', 'Photos are not set up here; post without one.');
  return photos;
}

function noPhoto(): Problem {
  return new Problem('not-found', 'There is no photo of a surplus of yours.');
}
