import Type from 'typebox';
import type { FastifyRequest } from 'fastify';
import type { CellClient } from '#cell/contract.ts';
import type { DeadLetterItem, DeadLetters } from '#adapters/nats/deadLetters.ts';
import type { Pool } from '#adapters/postgres/pool.ts';
import { withAnswerKeptAfter } from '#adapters/postgres/sql/keepAnswer.ts';
import { writeAudit } from '#adapters/postgres/sql/writeAudit.ts';
import { principalOfRequest } from '../auth/gate.ts';
import { commandIdOf, type Fingerprint } from '../idempotency/key.ts';
import type { Directory } from '../organisations/directory.ts';
import { donorsOf } from '../organisations/donorsOf.ts';
import { namesOf } from '../organisations/names.ts';
import { lotPlaceOf } from '../pathIds.ts';
import { keptOf } from '../idempotency/keptOf.ts';
import { malformed, Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { traceparentOf } from '../traces.ts';
import { answers } from '../schemas/answers.ts';
import { CursorText, KeyHeader, Limit, NullableText } from '../schemas/words.ts';
import { granted } from '../verdict.ts';
import { OPERATORS_REGION_ID } from './organisations.ts';

export interface DeadLetterDependencies {
  readonly deadLetters: Pick<DeadLetters, 'list' | 'get' | 'replay' | 'discard'>;
  readonly cells: CellClient;
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'find'>;
  readonly fingerprint: Fingerprint;
  readonly newId: () => string;
}

const strict = { additionalProperties: false };
const DeadLetter = Type.Object(
  {
    seq: Type.Integer(),
    at: Type.String({ format: 'date-time' }),
    cause: Type.String(),
    detail: Type.String(),
    lotId: NullableText,
    donorName: Type.Unsafe<string | null>({ ...NullableText, description: 'whose food it is' }),
    region: Type.String(),
    lotVersion: Type.Integer(),
    originalSubject: Type.String(),
  },
  strict,
);
const DeadLetterPage = Type.Object({ items: Type.Array(DeadLetter), nextCursor: NullableText }, strict);
const Done = Type.Object(
  { seq: Type.Integer(), outcome: Type.Enum(['replayed', 'discarded']), lotId: NullableText },
  strict,
);
const Seq = Type.Object({ seq: Type.String({ pattern: '^[1-9][0-9]{0,14}$', maxLength: 15 }) });
const PageQuery = Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(CursorText) }, strict);
const tags = ['operations'];

interface DoneAnswer {
  readonly seq: number;
  readonly outcome: 'replayed' | 'discarded';
  readonly lotId: string | null;
}

export function deadLetterRoutes(app: Api, dependencies: DeadLetterDependencies): void {
  app.get(
    '/v1/dead-letters',
    {
      config: { access: ['operator'] },
      schema: {
        summary: 'What could not be done, oldest first',
        tags,
        querystring: PageQuery,
        response: answers(200, DeadLetterPage),
      },
    },
    async (request) => {
      const { limit = 50, cursor } = request.query;
      const { items, next } = await dependencies.deadLetters.list({ limit, afterSeq: afterSeqOf(cursor) });
      const nextCursor = next === null ? null : Buffer.from(String(next)).toString('base64url');
      return { items: await withDonorNames(dependencies, items), nextCursor };
    },
  );
  const verbs = {
    replay: { summary: 'Try it again: a lot is offered anew, to everybody; a message goes out again', act: replay },
    discard: { summary: 'It has been dealt with', act: discard },
  };
  for (const [verb, { summary, act }] of Object.entries(verbs)) {
    app.post(
      `/v1/dead-letters/:seq/${verb}`,
      {
        config: { access: ['operator'], idempotencyKey: true },
        preValidation: (request, _, done) => {
          if (request.body === undefined) request.body = {};
          done();
        },
        schema: {
          summary,
          tags,
          headers: KeyHeader,
          params: Seq,
          body: Type.Object({}, strict),
          response: answers(200, Done),
        },
      },
      async (request) => await once(dependencies, request, verb, Number(request.params.seq), act),
    );
  }
}

async function withDonorNames({ pool, directory }: DeadLetterDependencies, letters: readonly DeadLetterItem[]) {
  const donors = await donorsOf(
    pool,
    letters.map(({ lotId }) => lotId),
  );
  const names = await namesOf(directory, 'donor', donors.values());
  return letters.map((letter) => {
    const donorId = donors.get(letter.lotId ?? '');
    return { ...letter, donorName: donorId === undefined ? null : (names.get(donorId) ?? donorId) };
  });
}

function afterSeqOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw malformed('cursor', 'is no cursor of this list');
  return Number(text);
}

type Act = (given: DeadLetterDependencies, letter: DeadLetterItem, traceparent: string) => Promise<DoneAnswer>;

async function once(
  given: DeadLetterDependencies,
  request: FastifyRequest,
  verb: string,
  seq: number,
  act: Act,
): Promise<DoneAnswer> {
  const principal = principalOfRequest(request);
  const key = {
    homeRegionId: OPERATORS_REGION_ID,
    commandId: commandIdOf(request, principal),
    kind: `dead-letter-${verb}`,
    fingerprint: given.fingerprint('POST', `/v1/dead-letters/${String(seq)}/${verb}`, null),
  };
  const kept = await withAnswerKeptAfter(given.pool, key, async () => {
    const letter = await given.deadLetters.get(seq);
    if (letter === null) throw new Problem('not-found', 'There is no such dead letter; it may have been dealt with.');
    const answer = await act(given, letter, traceparentOf(request));
    const actor = principal.scope.slice(principal.scope.indexOf(':') + 1);
    const subject = letter.lotId === null ? `dead-letter:${String(seq)}` : `lot:${letter.lotId}`;
    const entry = { id: given.newId(), role: principal.role, actor, action: `dead-letter.${verb}`, subject, why: null };
    await writeAudit(given.pool, { ...entry, before: letter, after: answer });
    return answer;
  });
  return keptOf(kept);
}

async function replay(given: DeadLetterDependencies, letter: DeadLetterItem, traceparent: string): Promise<DoneAnswer> {
  const { seq, lotId } = letter;
  const outcome = await given.deadLetters.replay(seq);
  if (outcome.replayed) return { seq, outcome: 'replayed', lotId };
  if (outcome.because !== 'needs-command') {
    throw new Problem(
      'offer-closed',
      outcome.because === 'nothing-kept' ? 'The message was too large to be kept: discard it.' : 'It is gone.',
    );
  }
  await replayLot(given.cells, letter, traceparent);
  await given.deadLetters.discard(seq);
  return { seq, outcome: 'replayed', lotId };
}

async function replayLot(cells: CellClient, letter: DeadLetterItem, traceparent: string): Promise<void> {
  const place = lotPlaceOf(letter.lotId ?? '');
  const command = {
    kind: 'replay' as const,
    // one dead letter, one replay: a repeat after a crash finds it done
    id: `replay:${String(letter.seq)}:${letter.at}`,
    fingerprint: 'replay',
    lotId: place.lotId,
  };
  const answer = await cells.send(place.cell, command, { traceparent });
  if ('elsewhere' in answer) throw new Error('a replay was claimed elsewhere');
  granted(answer);
}

async function discard(given: DeadLetterDependencies, letter: DeadLetterItem): Promise<DoneAnswer> {
  await given.deadLetters.discard(letter.seq);
  return { seq: letter.seq, outcome: 'discarded', lotId: letter.lotId };
}
