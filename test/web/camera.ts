/** What a camera sees of a donor's screen: its QR code a little turned, as a film that Chromium plays as its camera. */
import { writeFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const WIDTH = 640;
const HEIGHT = 480;
const FRAMES = 10;
const TURNED = 0.12;
/** of the picture's height */
const CODE_SHARE = 0.62;
const GREY = 128;

/** Dark modules of the QR code that a page shows, its quiet zone around it. */
async function modulesOf(page: Page): Promise<boolean[][]> {
  const svg = page.locator('svg.qr');
  const side = Number(((await svg.getAttribute('viewBox')) ?? '').split(' ').at(-1));
  const path = (await svg.locator('path').getAttribute('d')) ?? '';
  const modules = Array.from({ length: side }, () => Array<boolean>(side).fill(false));
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    const row = modules[Number(y)];
    if (row !== undefined) row[Number(x)] = true;
  }
  return modules;
}

/** @param path of the film (YUV4MPEG2) */
export async function film(page: Page, path: string): Promise<void> {
  const modules = await modulesOf(page);
  const scale = (HEIGHT * CODE_SHARE) / modules.length;
  const luma = Buffer.alloc(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH; x++) luma[y * WIDTH + x] = lightAt(modules, scale, x, y);
  const chroma = Buffer.alloc((WIDTH * HEIGHT) / 2, GREY);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, chroma]);
  const header = Buffer.from(`YUV4MPEG2 W${String(WIDTH)} H${String(HEIGHT)} F10:1 Ip A1:1 C420jpeg\n`);
  writeFileSync(path, Buffer.concat([header, ...Array<Buffer>(FRAMES).fill(frame)]));
}

function lightAt(modules: readonly boolean[][], scale: number, x: number, y: number): number {
  const [dx, dy] = [x - WIDTH / 2, y - HEIGHT / 2];
  const u = (dx * Math.cos(TURNED) + dy * Math.sin(TURNED)) / scale + modules.length / 2;
  const v = (dy * Math.cos(TURNED) - dx * Math.sin(TURNED)) / scale + modules.length / 2;
  const dark = modules[Math.floor(v)]?.[Math.floor(u)];
  // neither black nor white is ever quite that to a camera
  return dark === undefined ? 90 : dark ? 30 : 215;
}
