/** Plays evenings under several policies, beside the best that hindsight could have done: `make replay`. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { replay } from './run.ts';
import { readReplaySettings } from './settings.ts';
import { loadSolver } from './solver.ts';
import { tableOf, verdictOf } from './table.ts';

const settings = readReplaySettings(process.env);
const results = replay(settings, await loadSolver());
const [first] = settings.evenings;
const posts = results.reduce((sum, each) => sum + each.posts, 0) / results.length;
const postedKg = results.reduce((sum, each) => sum + each.postedKg, 0) / results.length;
console.log(
  `${String(first?.city)}, ${String(results.length)} evenings from seed ${String(results[0]?.seed)}: ` +
    `on average ${posts.toFixed(0)} posts of ${postedKg.toFixed(0)} kg in all, ` +
    `${String(results[0]?.reachable)} recipients that could be offered anything\n`,
);
console.log(`${tableOf(results)}\n\n${verdictOf(results)}`);
if (settings.outFile !== '') {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  writeFileSync(settings.outFile, `${JSON.stringify({ commit, settings, results }, null, 2)}\n`);
}
