import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createAlertBook, type AlertBook } from './alertBook.ts';

const SUBJECT = 'dead.2e69b.rematch-exhausted';
const log = { warn: () => undefined };
/** open letters, as every worker's stream tells them */
let letters = new Map<string, number>();
/** what stands at PagerDuty */
let isOpen = false;
let sent: string[] = [];
/** holds up the answer to a resolve that was done */
let held: Promise<void> | null = null;
let [countsFail, resolveFails] = [false, false];

beforeEach(() => {
  [letters, isOpen, sent, held] = [new Map(), false, [], null];
  [countsFail, resolveFails] = [false, false];
});

function worker(throttleMs = 0): AlertBook {
  return createAlertBook({
    alerts: {
      raise: () => {
        isOpen = true;
        sent.push('raise');
        return Promise.resolve();
      },
      resolve: async () => {
        isOpen = false;
        sent.push('resolve');
        await held;
        if (resolveFails) throw new Error('no answer in time');
      },
    },
    counts: () => (countsFail ? Promise.reject(new Error('NATS is away')) : Promise.resolve(new Map(letters))),
    log,
    throttleMs,
  });
}

/** The alert of a letter that is gone is being resolved when the next one comes. @returns lets the answer come, and ends that round */
async function letterWhileResolving(book: AlertBook): Promise<() => Promise<void>> {
  letters.set(SUBJECT, 1);
  await book.note(SUBJECT);
  letters.clear();
  let release = (): void => undefined;
  held = new Promise((resolve) => (release = resolve));
  const round = book.round();
  await new Promise((resolve) => setImmediate(resolve));
  letters.set(SUBJECT, 1);
  return () => (release(), round);
}

test('a letter that comes while the last alert is being resolved has one of its own', async () => {
  const book = worker(60_000);
  const answered = await letterWhileResolving(book);
  await book.note(SUBJECT);
  await answered();
  await book.round();
  assert.equal(isOpen, true, sent.join(', '));
});

test('what another worker resolved is raised again by the next letter', async () => {
  const [one, other] = [worker(), worker()];
  letters.set(SUBJECT, 1);
  await one.note(SUBJECT);
  await other.round();
  letters.clear();
  await other.round();
  assert.equal(isOpen, false);
  letters.set(SUBJECT, 1);
  await one.note(SUBJECT);
  assert.equal(isOpen, true, sent.join(', '));
});

test('a resolve that another worker was late with does not close what came meanwhile', async () => {
  const [one, other] = [worker(), worker()];
  letters.set(SUBJECT, 1);
  await one.note(SUBJECT);
  await other.round();
  letters.clear();
  let release = (): void => undefined;
  held = new Promise((resolve) => (release = resolve));
  const round = other.round();
  letters.set(SUBJECT, 1);
  await one.note(SUBJECT);
  release();
  await round;
  await other.round();
  assert.equal(isOpen, true, sent.join(', '));
});

test('the first letter after a start is told at once, though others stand there', async () => {
  const book = worker(60_000);
  letters.set(SUBJECT, 1);
  await book.round();
  letters.set(SUBJECT, 2);
  await book.note(SUBJECT);
  assert.deepEqual(sent, ['raise']);
});

for (const lost of ['the count after it', 'its answer']) {
  test(`a resolve of which ${lost} is lost, while a letter comes, leaves no letter without an alert`, async () => {
    const book = worker();
    const answered = await letterWhileResolving(book);
    if (lost === 'its answer') {
      await book.note(SUBJECT);
      isOpen = false;
      resolveFails = true;
    } else countsFail = true;
    await answered();
    [countsFail, resolveFails] = [false, false];
    await book.round();
    assert.equal(isOpen, true, sent.join(', '));
  });
}
