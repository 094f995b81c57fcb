/** `make runbooks`: breaks a stack, waits for the alert, pastes what its runbook has to paste, and waits until the alert ends. */
import { setTimeout as pause } from 'node:timers/promises';
import { say, setting } from '../survival/setting.ts';
import { type Case, CASES, goodDay } from './cases.ts';
import { type Block, runbooks } from './runbooks.ts';
import { openShell, type Shell } from './shell.ts';
import { type AlertStage, openAlertStage, signInDonors } from './stage.ts';

const FIRES_WITHIN_MS = 300_000;
/** The windows of the fast alerts are five minutes and, of unanswered offers, fifteen. */
const ENDS_WITHIN_MS = 960_000;
/** at once, or when its window is clean: that is waited for at the end, for all of them together */
const ENDS_AT_ONCE_MS = 60_000;
/** before what the page verifies is looked at */
const SETTLES_MS = 30_000;
/** An operator comes back to what came in meanwhile. */
const LOOKED_AT_AGAIN_MS = 10_000;
/** While it is broken a check may fail; what is done and verified may not, and no command may be unknown to its program. */
const MISTYPED =
  /command not found|syntax error|does not exist|parse error|bad_data|No such file|unknown (?:command|flag|option|shorthand|field)|usage:/i;
/** ALERTS=HotCell,OutboxLag: these alone */
const wanted = setting('ALERTS', '')
  .split(',')
  .filter((name) => name !== '');
const cases = CASES.filter(({ alert }) => wanted.length === 0 || wanted.includes(alert));
if (cases.length === 0) throw new Error(`No page is followed for ${wanted.join(', ')}`);

const pages = new Map(runbooks().map((page) => [page.name, page]));
const wrong: string[] = [];
for (const needsDisks of [false, true]) {
  const these = cases.filter((each) => (each.needsDisks ?? false) === needsDisks);
  if (these.length === 0) continue;
  const stage = await openAlertStage({ 'actor-host': 2 }, needsDisks);
  try {
    const left: Case[] = [];
    for (const each of these) if (!(await play(await anew(stage), each))) left.push(each);
    await allEnd(await anew(stage), left);
  } finally {
    await stage.stop();
  }
}
for (const line of wrong) say(`WRONG ${line}`);
say(wrong.length === 0 ? `${String(cases.length)} runbooks were followed to their end` : 'not all was well');
process.exit(wrong.length === 0 ? 0 : 1);

async function anew(stage: AlertStage): Promise<AlertStage> {
  return { ...stage, donors: await signInDonors(stage.stack) };
}

/** @returns whether its alert has ended by then */
async function play(stage: AlertStage, each: Case): Promise<boolean> {
  say(`${each.what} …`);
  const over = new AbortController();
  const startedMs = performance.now();
  const seconds = (): string => `${((performance.now() - startedMs) / 1_000).toFixed(0)} s`;
  const running = each.run(stage, over.signal).catch((error: unknown) => {
    wrong.push(`${each.alert}: ${String(error)}`);
  });
  if (await becomes(async () => (await stage.firing()).has(each.alert), FIRES_WITHIN_MS)) {
    say(`  ${each.alert} fires after ${seconds()}`);
    await followAll(stage, each, over);
  } else wrong.push(`${each.alert} did not fire`);
  over.abort();
  await running;
  say(`  followed after ${seconds()}`);
  const hasEnded = await becomes(async () => !(await stage.firing()).has(each.alert), ENDS_AT_ONCE_MS);
  if (hasEnded) say(`  ${each.alert} has ended after ${seconds()}`);
  return hasEnded;
}

async function becomes(isSo: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const endMs = performance.now() + withinMs;
  while (performance.now() < endMs) {
    if (await isSo()) return true;
    await pause(1_000);
  }
  return false;
}

async function followAll(stage: AlertStage, each: Case, over: AbortController): Promise<void> {
  for (const [n, turn] of each.follow.entries()) {
    const isLast = n === each.follow.length - 1;
    await onPage(stage, turn, async ({ check, act, verify }) => {
      await check();
      if (isLast) each.byHand?.(stage);
      await act();
      if (!isLast) return;
      if (each.ceases === true) over.abort();
      await pause(SETTLES_MS);
      await verify();
    });
  }
}

/** Its sections, pasted into one shell; each tells whether no command failed. */
interface Page {
  check(): Promise<boolean>;
  act(): Promise<boolean>;
  verify(): Promise<boolean>;
}

async function onPage(
  stage: AlertStage,
  { page, actions }: Case['follow'][number],
  follow: (page: Page) => Promise<void>,
): Promise<void> {
  const blocks = (pages.get(page)?.blocks ?? []).filter(({ where }) => where !== 'kubernetes');
  const shell = openShell({ RUN_DIR: stage.dir });
  try {
    await follow({
      check: () => paste(shell, page, blocks, ({ section }) => section === 'Checks'),
      act: () => paste(shell, page, blocks, ({ section, step }) => section === 'Action' && actions.includes(step)),
      verify: () => paste(shell, page, blocks, ({ section }) => section === 'Verify'),
    });
  } finally {
    shell.close();
  }
}

/** @returns whether no command failed */
async function paste(
  shell: Shell,
  page: string,
  blocks: readonly Block[],
  is: (b: Block) => boolean,
): Promise<boolean> {
  let isWell = true;
  for (const { section, commands } of blocks.filter(is)) {
    say(`  ${page}, ${section}:`);
    const { said, failed } = await shell.paste(commands);
    process.stdout.write(`${commands}${said}`.replace(/^/gm, '    ').trimEnd() + '\n');
    isWell &&= failed.length === 0;
    if (section !== 'Checks') wrong.push(...failed.map((line) => `${page}, ${section}: failed: ${line}`));
    if (MISTYPED.test(said)) wrong.push(`${page}, ${section}: ${MISTYPED.exec(said)?.[0] ?? ''}`);
    if (said.trim() === '' && section === 'Checks') wrong.push(`${page}: a check says nothing`);
  }
  return isWell;
}

async function allEnd(stage: AlertStage, cases: readonly Case[]): Promise<void> {
  const over = new AbortController();
  const city = goodDay(stage, over.signal);
  const startedMs = performance.now();
  let lookedMs = startedMs;
  let left = [...cases];
  while (left.length > 0 && performance.now() - startedMs < ENDS_WITHIN_MS) {
    const firing = await stage.firing();
    for (const { alert } of left)
      if (!firing.has(alert))
        say(`  ${alert} has ended, ${((performance.now() - startedMs) / 1_000).toFixed(0)} s later`);
    left = left.filter(({ alert }) => firing.has(alert));
    await pause(1_000);
    if (performance.now() - lookedMs < LOOKED_AT_AGAIN_MS) continue;
    lookedMs = performance.now();
    for (const { again } of left) if (again !== undefined) await pasteAgain(stage, again);
  }
  over.abort();
  await city;
  wrong.push(...left.map(({ alert }) => `${alert} has not ended`));
}

async function pasteAgain(stage: AlertStage, again: Case['follow'][number]): Promise<void> {
  await onPage(stage, again, async ({ check, act }) => {
    // A check that finds nothing fails: there is nothing left to do, and the alert is about to end.
    if (await check()) await act();
  });
}
