/** Pictures of every screen in both languages, into docs/screens: `npm run screens`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openStage } from './stage.ts';
import { walk } from './walk.ts';

const FOLDER = join(import.meta.dirname, '../../docs/screens');

const stage = await openStage();
try {
  for (const language of ['id', 'en'] as const) {
    mkdirSync(join(FOLDER, language), { recursive: true });
    await walk(stage, language, async (name, page) => {
      // what is asked of the browser or the server comes a moment later
      await page.waitForTimeout(400);
      // as tall as the whole screen, so that the menu stands at its foot
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.setViewportSize({ width: 360, height: Math.max(740, height) });
      await page.screenshot({ path: join(FOLDER, language, `${name}.png`), scale: 'css' });
      await page.setViewportSize({ width: 360, height: 740 });
    });
  }
} finally {
  await stage.stop();
}
