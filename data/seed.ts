/** Fills the database with a city: `node data/seed.ts --city helsinki|jakarta`; MIGRATION_DATABASE_URL or DATABASE_URL names it. */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { cellAt } from '#adapters/geo/s2.ts';
import { regionOf } from '#core/geo/cell.ts';
import { CITIES } from './seed/cities.ts';
import type { City } from './seed/organisation.ts';
import { writeCity } from './seed/write.ts';

const { values } = parseArgs({ options: { city: { type: 'string', default: 'helsinki' } } });
const databaseUrl = [process.env['MIGRATION_DATABASE_URL'], process.env['DATABASE_URL']].find(
  (url) => url !== undefined && url !== '',
);
const makeCity = CITIES[values.city.toLowerCase()];
if (makeCity === undefined)
  fail(`There is no city "${values.city}". Choose one of: ${Object.keys(CITIES).join(', ')}.`);
else if (databaseUrl === undefined) fail('Set MIGRATION_DATABASE_URL or DATABASE_URL: which database is to be seeded?');
else await seed(makeCity(), databaseUrl);

async function seed(city: City, url: string): Promise<void> {
  const startedMs = performance.now();
  const client = new pg.Client({ connectionString: url, application_name: 'seed' });
  await client.connect();
  try {
    await writeCity(client, city, ({ table, done, of }) => console.log(`${table}: ${String(done)} of ${String(of)}`));
  } finally {
    await client.end();
  }
  const cells = new Set(city.donors.map((donor) => cellAt(donor)));
  const regions = new Set([...cells].map((cell) => regionOf(cell)));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(
    `${values.city}: ${String(city.donors.length)} donors in ${String(cells.size)} cells and ${String(regions.size)} regions, ` +
      `${String(city.recipients.length)} recipients (the food bank of last resort among them), in ${seconds} s`,
  );
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
