/** Draws the icons' PNGs from public/icon.svg, by the tests' browser: `npm run icons`, after the SVG has changed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const PUBLIC = join(import.meta.dirname, '../public');
const svg = readFileSync(join(PUBLIC, 'icon.svg'), 'utf8');
/** A launcher may cut a maskable icon down to its middle 80 %; what it doesn't cut must not end in corners. */
const maskable = svg
  .replace('rx="96" ', '')
  .replace('<path', '<g transform="translate(51 51) scale(0.8)"><path')
  .replace('</svg>', '</g></svg>');
const square = svg.replace('rx="96" ', '');

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const draw = async (name: string, size: number, picture: string): Promise<void> => {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${picture}`);
  writeFileSync(join(PUBLIC, `${name}.png`), await page.screenshot({ omitBackground: true }));
  await page.close();
};
await draw('icon-192', 192, svg);
await draw('icon-512', 512, svg);
await draw('icon-180', 180, square);
await draw('icon-maskable-512', 512, maskable);
await browser.close();
