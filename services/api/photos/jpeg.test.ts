import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { picture, pictureWith, segment } from '../../../test/objects/picture.ts';
import { checkJpeg, MAX_PHOTO_BYTES } from './jpeg.ts';

const EXIF = segment(0xe1, Buffer.from('Exif\0\0 GPS 60.17 24.94'));
const IPTC = segment(0xed, Buffer.from('Photoshop 3.0'));
const COMMENT = segment(0xfe, Buffer.from('taken by Siti'));
const PROFILE = segment(0xe2, Buffer.from('ICC_PROFILE'));

describe('a photo', () => {
  it('is let through as it is when it tells nothing', () => {
    assert.deepEqual(checkJpeg(picture), { picture });
  });

  it('loses where and by whom it was taken, and keeps its colours', () => {
    assert.deepEqual(checkJpeg(pictureWith(EXIF, IPTC, COMMENT, PROFILE)), { picture: pictureWith(PROFILE) });
  });

  it('that is none, is broken or too large is refused, and why', () => {
    const wrong = (bytes: Buffer): string => {
      const checked = checkJpeg(bytes);
      assert.ok('wrong' in checked);
      return checked.wrong;
    };
    const size = picture.indexOf(Buffer.from([0xff, 0xc0])) + 5;
    const resized = (height: number): Buffer => {
      const other = Buffer.from(picture);
      other.writeUInt16BE(height, size);
      return other;
    };
    assert.match(wrong(Buffer.from('<svg onload="alert(1)"/>')), /no JPEG/);
    assert.match(wrong(Buffer.alloc(0)), /no JPEG/);
    assert.match(wrong(picture.subarray(0, 40)), /broken/);
    assert.match(wrong(Buffer.concat([picture, Buffer.alloc(MAX_PHOTO_BYTES)])), /larger/);
    assert.match(wrong(resized(4_000)), /pixels/);
    assert.match(wrong(resized(0)), /pixels/);
  });

  it('whatever comes, it is answered, and nothing private is let through', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(picture.length), (noise, at) => {
        const bytes = Buffer.concat([picture.subarray(0, at), noise, picture.subarray(at)]);
        const checked = checkJpeg(bytes);
        if ('picture' in checked) assert.ok(checked.picture.length <= bytes.length);
      }),
    );
  });
});
