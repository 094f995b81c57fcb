/** Beside each text of `dist/` its Brotli and gzip form, which the api sends to whoever takes it: a phone loads a third of the bytes. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = join(import.meta.dirname, 'dist');
for (const path of globSync('**/*.{js,css,html,svg,webmanifest}', { cwd: dist })) {
  const file = join(dist, path);
  const text = readFileSync(file);
  writeFileSync(
    `${file}.br`,
    brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: text.length } }),
  );
  writeFileSync(`${file}.gz`, gzipSync(text, { level: constants.Z_BEST_COMPRESSION }));
}
