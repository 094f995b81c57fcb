import type { PostingWindow, WindowTold } from '#adapters/postgres/sql/windows.ts';
import { clockOf, minuteOf } from '#core/words/calendar.ts';
import { isAskedForTemperature } from '#core/words/food.ts';
import type { DonorId } from '#core/words/ids.ts';
import { principalOfRequest } from '../auth/gate.ts';
import { malformed, Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { SaveWindow, WindowDay, WindowId, type SaveWindowBody } from '../schemas/windows.ts';
import { createWindowStore, type WindowStore, type WindowStoreDependencies } from '../windows/store.ts';

const tags = ['windows'];
const config = { access: ['donor'] as const };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Posts that come round by themselves. Ids are the caller's: a repeat is the same write, and needs no key. */
export function windowRoutes(app: Api, dependencies: WindowStoreDependencies): void {
  const store = createWindowStore(dependencies);
  list(app, store);
  save(app, store);
  remove(app, store);
  skips(app, store);
}

function list(app: Api, store: WindowStore): void {
  app.get(
    '/v1/windows',
    { config, schema: { summary: 'Your recurring posts, oldest first', tags, response: answers(200, 'WindowList') } },
    async (request) => ({ items: (await store.list(donorOf(request))).map(shown) }),
  );
}

function save(app: Api, store: WindowStore): void {
  app.put(
    '/v1/windows/:id',
    {
      config,
      schema: {
        summary: 'Add a recurring post, or change one: all of it is told anew; skipped days stay',
        tags,
        params: WindowId,
        body: SaveWindow,
        response: answers(200, 'Window', 'as it is now'),
      },
    },
    async (request) => shown(await store.save(donorOf(request), idOf(request.params.id), toldOf(request.body))),
  );
}

function remove(app: Api, store: WindowStore): void {
  app.delete(
    '/v1/windows/:id',
    {
      config,
      schema: {
        summary: 'Remove a recurring post; what it has posted stays',
        tags,
        params: WindowId,
        response: answers(204, '', 'there is none of yours by this id any more'),
      },
    },
    async (request, reply) => {
      await store.remove(donorOf(request), idOf(request.params.id));
      return await reply.code(204).send();
    },
  );
}

function skips(app: Api, store: WindowStore): void {
  const schema = { tags, params: WindowDay, response: answers(200, 'Window', 'as it is now') };
  const route = (skipped: boolean, summary: string): void => {
    app.route({
      method: skipped ? 'PUT' : 'DELETE',
      url: '/v1/windows/:id/skips/:day',
      config,
      schema: { ...schema, summary },
      handler: async (request) => {
        const { id, day } = request.params;
        if (Number.isNaN(Date.parse(day))) throw malformed('day', 'is no day of the calendar');
        return shown(await store.skip(donorOf(request), idOf(id), day, skipped));
      },
    });
  };
  route(true, 'Skip one day');
  route(false, 'Post on that day after all');
}

function donorOf(request: Parameters<typeof principalOfRequest>[0]): DonorId {
  const principal = principalOfRequest(request);
  if (principal.role !== 'donor') throw new Problem('role-not-allowed', 'Recurring posts are for donors.');
  return principal.id;
}

/** @throws Problem malformed-request */
function idOf(text: string): string {
  if (!UUID.test(text)) throw malformed('id', 'must be a uuid in lower case');
  return text;
}

/** @throws Problem malformed-request */
function toldOf(body: SaveWindowBody): WindowTold {
  const { timeOfDay, weekdays, note = null, temperature = null, paused = false, ...food } = body;
  const isAsked = isAskedForTemperature(food.storage);
  if (isAsked !== (temperature !== null))
    throw malformed(
      '/temperature',
      isAsked ? 'must be promised for hot and chilled food' : 'is for hot and chilled food',
    );
  return { ...food, weekdays: weekdays.toSorted(), minuteOfDay: minuteOf(timeOfDay), note, temperature, paused };
}

function shown({ minuteOfDay, next, donorId: _, postingDay: __, ...window }: PostingWindow) {
  return {
    ...window,
    timeOfDay: clockOf(minuteOfDay),
    next: next === null ? null : { day: next.day, at: new Date(next.atMs).toISOString() },
  };
}
