/** A phone: Debian's Chromium at 360 × 740, and everything it complains about. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

export type Language = 'id' | 'en';

const PLACES = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** @param args more of Chromium's own flags */
export async function openBrowser(args: readonly string[] = []): Promise<Browser> {
  const executablePath = PLACES.find((path) => path !== undefined && existsSync(path));
  assert.ok(executablePath, 'No Chromium here: run BROWSER=1 dev/setup, or set CHROMIUM to one.');
  // root in a container has no namespaces for the sandbox
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return await chromium.launch({ executablePath, args: [...sandbox, ...args] });
}

export interface Phone {
  readonly context: BrowserContext;
  readonly page: Page;
  /** what went wrong in the page so far: errors, refusals of the content policy, requests to third parties */
  readonly complaints: string[];
  /** a new page. @param path home, if left out */
  open(path?: string): Promise<Page>;
  close(): Promise<void>;
}

export interface PhoneOptions {
  readonly language: Language;
  readonly url: string;
  readonly colorScheme?: 'light' | 'dark';
  /** as `slowDown` makes each of its pages */
  readonly slow?: boolean;
}

/** A busy cell at 9 Mbit/s and 100 ms, a processor four times slower than this one. */
async function slowDown(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const throughput = (9 * 1_000_000) / 8;
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 100,
    downloadThroughput: throughput,
    uploadThroughput: throughput,
  });
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
}

export async function openPhone(
  browser: Browser,
  { language, url, colorScheme = 'light', slow = false }: PhoneOptions,
): Promise<Phone> {
  const context = await browser.newContext({
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    locale: language === 'id' ? 'id-ID' : 'en-GB',
    colorScheme,
    reducedMotion: 'reduce',
  });
  const complaints: string[] = [];
  const { origin } = new URL(url);
  context.on('request', (request) => {
    if (/^https?:/.test(request.url()) && new URL(request.url()).origin !== origin)
      complaints.push(`asked a third party: ${request.url()}`);
  });
  context.on('weberror', (error) => complaints.push(`error: ${error.error().message}`));
  context.on('console', (message) => {
    // Without a network, and before anybody has signed in, the browser itself says so.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  const open = async (path = '/'): Promise<Page> => {
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    if (slow) await slowDown(page);
    await page.goto(new URL(path, origin).href);
    return page;
  };
  return { context, page: await open(url), complaints, open, close: () => context.close() };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @returns WCAG 2.2 A and AA violations, a line each */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return await page.evaluate(async () => {
    interface Found {
      violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
    }
    const { axe } = globalThis as unknown as { axe: { run(what: Document, how: object): Promise<Found> } };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await axe.run(document, { runOnly: tags });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`),
    );
  });
}

/** What is smaller than 48 px where a finger must hit it; links within a sentence are exempt (WCAG 2.5.8). */
export async function smallTargetsOf(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a.button, nav a, input, select, textarea, summary')]
      .filter((element) => element.checkVisibility())
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.height < 47.5 || box.width < 47.5)
      .map(({ element, box }) => `${element.outerHTML.slice(0, 80)} ${String(box.width)}×${String(box.height)}`),
  );
}

/** How far the page is wider than the screen: nobody should scroll sideways. */
export async function overflowOf(page: Page): Promise<number> {
  return await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

/** Fingers put down, over all pages of this tab. @returns how many so far */
export async function countTaps(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const counted = globalThis as unknown as { taps: number };
    counted.taps = 0;
    addEventListener('pointerdown', () => void counted.taps++, { capture: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { taps: number }).taps);
}

/** The service worker is in charge of the page: from now on it opens without a network. */
export async function controlled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller === null)
      await new Promise((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      );
  });
}
