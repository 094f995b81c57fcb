/** Evidence of an hour is longer than one text may be: it is written line by line. */
import { closeSync, openSync, writeFileSync } from 'node:fs';

/** One JSON text a line. */
export function writeJsonLines(path: string, items: Iterable<unknown>): void {
  writeLines(
    path,
    Iterator.from(items).map((each) => JSON.stringify(each)),
  );
}

/** One JSON object, whose lists have an item a line. */
export function writeJson(path: string, object: Readonly<Record<string, unknown>>): void {
  writeLines(path, linesOf(object));
}

function* linesOf(object: Readonly<Record<string, unknown>>): Generator<string> {
  let before = '{';
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const begin = `${before}${JSON.stringify(name)}:`;
    before = ',';
    if (!Array.isArray(value)) {
      yield begin + JSON.stringify(value);
      continue;
    }
    yield `${begin}[`;
    yield* (value as readonly unknown[])
      .values()
      .map((item, n) => `${n === 0 ? '' : ','}${JSON.stringify(item) ?? 'null'}`);
    yield ']';
  }
  yield before === '{' ? '{}' : '}';
}

const CHUNK_CHARACTERS = 2 ** 20;

function writeLines(path: string, lines: Iterable<string>): void {
  const file = openSync(path, 'w');
  try {
    let chunk = '';
    for (const line of lines) {
      chunk += `${line}\n`;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      writeFileSync(file, chunk);
      chunk = '';
    }
    writeFileSync(file, chunk);
  } finally {
    closeSync(file);
  }
}
