/** Five minutes of faults drawn from a fixed seed, with every law; CAMPAIGN_MINUTES and CAMPAIGN_SEED change them. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { temporaryFolder } from '../../dev/stack/ending.ts';
import { runCampaign } from './campaign.ts';
import { figuresOf, fullOnce } from './figures.ts';
import { judge } from './judge.ts';
import { DRAWN, faultText } from './schedule.ts';

/** Draws every kind of fault within its minutes. */
const CHOSEN = { minutes: '5', seed: '1338596' };
const minutes = Number(process.env['CAMPAIGN_MINUTES'] ?? CHOSEN.minutes);
const seed = process.env['CAMPAIGN_SEED'] ?? CHOSEN.seed;
/** What disks and packets say of a machine that does not let us (disks.ts, packets.ts). */
const NOT_PERMITTED = /^(no disk can be mounted|packets can't be lost) here/;
/** To start, to come to rest, and to be read. */
const AROUND_MS = 240_000;

it(
  `${String(minutes)} minutes of faults (seed ${seed}) break no law`,
  { timeout: minutes * 60_000 + AROUND_MS },
  async (t) => {
    const { dir, remove } = temporaryFolder('faults-test');
    const say = (line: string): void => {
      t.diagnostic(line);
    };
    const durationMs = minutes * 60_000;
    const campaign = await runCampaign({ seed, durationMs, city: 'helsinki', postsPerSecond: 2, dir, say });
    const { breaches, linearity, isLinearityChecked } = judge(campaign, dir);
    const { faults, lines } = figuresOf(campaign);
    for (const { fault, failure, worstMs } of faults)
      say(`${faultText(fault)}  worst answer ${(worstMs / 1000).toFixed(1)} s ${failure}`);
    for (const line of [...lines, linearity]) say(line);
    if (seed === CHOSEN.seed && minutes >= Number(CHOSEN.minutes)) {
      const done = faults.filter(({ failure }) => failure === '' || NOT_PERMITTED.test(failure));
      const kinds = new Set(done.map(({ fault }) => fault.kind).filter((kind) => kind !== 'kill-tree'));
      assert.deepEqual([...kinds].sort(), [...DRAWN].sort(), 'each kind is carried out, where the machine permits it');
    }
    assert.ok(fullOnce(campaign.evidence) > 0, 'nobody was ever full: what is said of capacity means nothing');
    assert.ok(isLinearityChecked, linearity);
    assert.deepEqual(
      breaches.map(({ law, what }) => `${law}: ${what}`),
      [],
      `the stack's logs and the history: ${dir}`,
    );
    remove();
  },
);
