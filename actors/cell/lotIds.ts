/**
 * The ids of many lots of one cell in 16 bytes each, where a set of texts takes about 150, and nothing that a collector of garbage has to
 * visit: a hash table with open addressing and linear probing, at most three quarters full (Knuth, The Art of Computer Programming 3, 6.4).
 */
import type { LotId } from '#core/words/ids.ts';

export interface LotIds {
  has(id: LotId): boolean;
  add(id: LotId): void;
  delete(id: LotId): void;
}

/** A lot's id is its cell, a hyphen and a UUID. */
const UUID_LENGTH = 36;
const HYPHENS = [8, 13, 18, 23];
const HYPHEN = '-'.charCodeAt(0);
/** of 32 bits; a free place has none but zeros, which no UUID of version 7 has */
const WORDS = 4;
const FIRST_PLACES = 8;
const FULL = 0.75;
const NO_DIGIT = 255;
/** What a lower-case hexadecimal digit's code says. */
const DIGITS = new Uint8Array(128).fill(NO_DIGIT);
[...'0123456789abcdef'].forEach((digit, value) => (DIGITS[digit.charCodeAt(0)] = value));

/** Ids of another shape, or with another cell before them, are kept as they are. */
export function createLotIds(): LotIds {
  const others = new Set<LotId>();
  const sought = new Uint32Array(WORDS);
  let prefix: string | undefined;
  let table = new Uint32Array(FIRST_PLACES * WORDS);
  let size = 0;

  /** Into `sought`. @returns false: not of this shape */
  function read(id: LotId): boolean {
    const start = id.length - UUID_LENGTH;
    if (start < 0 || !wordsOf(id, start, sought)) return false;
    prefix ??= id.slice(0, start);
    return prefix.length === start && id.startsWith(prefix);
  }

  /** Where `sought` is, or the free place where it would be. */
  function placeOf(): number {
    const last = table.length / WORDS - 1;
    for (let place = homeOf(sought, 0, last); ; place = (place + 1) & last)
      if (isFree(table, place) || isSame(table, place, sought)) return place;
  }

  function grow(): void {
    const before = table;
    table = new Uint32Array(2 * before.length);
    for (let place = 0; place < before.length / WORDS; place++) {
      if (isFree(before, place)) continue;
      sought.set(before.subarray(place * WORDS, (place + 1) * WORDS));
      table.set(sought, placeOf() * WORDS);
    }
  }

  /** Whoever was put further on because this place was taken moves up, so that no search ends too soon. */
  function close(gap: number): void {
    const last = table.length / WORDS - 1;
    for (let place = (gap + 1) & last; !isFree(table, place); place = (place + 1) & last) {
      const wayToPlace = (place - homeOf(table, place, last)) & last;
      if (wayToPlace < ((place - gap) & last)) continue;
      table.copyWithin(gap * WORDS, place * WORDS, (place + 1) * WORDS);
      gap = place;
    }
    table.fill(0, gap * WORDS, (gap + 1) * WORDS);
  }

  return {
    has: (id) => (read(id) ? !isFree(table, placeOf()) : others.has(id)),
    add(id) {
      if (!read(id)) {
        others.add(id);
        return;
      }
      const place = placeOf();
      if (!isFree(table, place)) return;
      table.set(sought, place * WORDS);
      if (++size > FULL * (table.length / WORDS)) grow();
    },
    delete(id) {
      if (!read(id)) {
        others.delete(id);
        return;
      }
      const place = placeOf();
      if (isFree(table, place)) return;
      close(place);
      size--;
    },
  };
}

/** The last bits of a UUID of version 7 are random. */
function homeOf(words: Uint32Array, place: number, last: number): number {
  return (words[place * WORDS + WORDS - 1] ?? 0) & last;
}

function isFree(table: Uint32Array, place: number): boolean {
  const at = place * WORDS;
  return table[at] === 0 && table[at + 1] === 0 && table[at + 2] === 0 && table[at + 3] === 0;
}

function isSame(table: Uint32Array, place: number, words: Uint32Array): boolean {
  const at = place * WORDS;
  return (
    table[at] === words[0] && table[at + 1] === words[1] && table[at + 2] === words[2] && table[at + 3] === words[3]
  );
}

/** @returns false: no UUID in lower case stands there, or one of zeros */
function wordsOf(text: string, start: number, into: Uint32Array): boolean {
  if (HYPHENS.some((at) => text.charCodeAt(start + at) !== HYPHEN)) return false;
  let digits = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === HYPHEN) continue;
    const digit = DIGITS[code] ?? NO_DIGIT;
    if (digit === NO_DIGIT || digits === 8 * WORDS) return false;
    const word = digits >> 3;
    into[word] = ((into[word] ?? 0) << 4) | digit;
    digits++;
  }
  return digits === 8 * WORDS && !isFree(into, 0);
}
