/** A photo of food: taken first or last, seen by whoever sees the surplus, and by nobody else. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createFolderStore } from '#adapters/objects/folderStore.ts';
import { picture, pictureWith, segment } from '../objects/picture.ts';
import { food, newKey, registerDonor, registerRecipient, startWorld, type World } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'photos-'));
let world: World;
before(async () => {
  world = await startWorld({ change: (given) => ({ ...given, photos: createFolderStore(folder) }) });
  for (const id of ['kitchen', 'bakery']) await registerDonor(world, id);
  for (const id of ['shelter', 'fridge']) await registerRecipient(world, id);
});
after(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function upload(id: string, bytes: Buffer, as = 'donor:kitchen', type = 'image/jpeg') {
  const answer = await fetch(`${world.url}/v1/photos/${id}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${await world.token(as)}`, 'content-type': type },
    body: new Uint8Array(bytes),
  });
  return { status: answer.status, text: await answer.text() };
}

async function look(lotId: string, as: string) {
  const answer = await fetch(`${world.url}/v1/surplus/${lotId}/photo`, {
    headers: { authorization: `Bearer ${await world.token(as)}` },
  });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}

async function post(photo: string, as = 'donor:kitchen') {
  const { body, status, text } = await world.ask('POST', '/v1/surplus', { as, key: newKey(), body: food({ photo }) });
  assert.equal(status, 201, text);
  return body;
}

describe('a photo', () => {
  it('is shown to its donor, to whom the food is offered and to operators; without what the camera told', async () => {
    const id = randomUUID();
    const private_ = pictureWith(segment(0xe1, Buffer.from('Exif\0\0 60.17 24.94')));
    for (let n = 0; n < 2; n++) assert.equal((await upload(id, private_)).status, 204);
    const { id: lotId, offer, photo } = await post(id);
    assert.equal(photo, id);
    const other = offer.recipientId === 'shelter' ? 'fridge' : 'shelter';
    for (const as of ['donor:kitchen', `recipient:${String(offer.recipientId)}`, 'operator']) {
      const { status, headers, bytes } = await look(lotId, as);
      assert.equal(status, 200, as);
      assert.deepEqual(bytes, picture);
      assert.equal(headers.get('content-type'), 'image/jpeg');
      assert.match(headers.get('cache-control') ?? '', /^private, max-age=\d+/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
    }
    for (const as of ['donor:bakery', `recipient:${other}`]) assert.equal((await look(lotId, as)).status, 404, as);
    const me = await world.ask('GET', '/v1/me', { as: 'donor:kitchen' });
    assert.equal(me.body.photos, true);
  });

  it('may come after the post, and its food never waits for it', async () => {
    const id = randomUUID();
    const { id: lotId } = await post(id);
    assert.equal((await look(lotId, 'donor:kitchen')).status, 404);
    assert.equal((await upload(id, picture)).status, 204);
    assert.equal((await look(lotId, 'donor:kitchen')).status, 200);
  });

  it('of another donor can neither be named, shown nor replaced', async () => {
    const id = randomUUID();
    assert.equal((await upload(id, picture)).status, 204);
    const { id: lotId } = await post(id, 'donor:bakery');
    assert.equal((await look(lotId, 'donor:bakery')).status, 404);
    assert.equal((await upload(id, picture, 'donor:bakery')).status, 404);
  });

  it('that is none, or too large, is refused', async () => {
    const refused = async (bytes: Buffer, type?: string) =>
      (await upload(randomUUID(), bytes, 'donor:kitchen', type)).status;
    assert.equal(await refused(Buffer.from('<svg/>')), 400);
    assert.equal(await refused(picture, 'image/png'), 415);
    assert.equal(await refused(picture, 'application/json'), 400);
    assert.equal(await refused(Buffer.concat([picture, Buffer.alloc(1_100_000)])), 413);
    assert.equal((await upload(randomUUID(), picture, 'recipient:shelter')).status, 403);
    assert.equal((await upload('../../x', picture)).status, 404);
    // pictures are for this route alone
    const answer = await fetch(`${world.url}/v1/surplus`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await world.token('donor:kitchen')}`,
        'content-type': 'image/jpeg',
        'idempotency-key': newKey(),
      },
      body: new Uint8Array(picture),
    });
    assert.equal(answer.status, 415);
  });
});
