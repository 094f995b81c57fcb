/** Which trace a lot's events belong to. */
import { lotIdOfCommand, type Command } from '#core/lots/command.ts';
import type { LotChange } from '#core/lots/decide.ts';
import type { LotId } from '#core/words/ids.ts';
import type { Traces } from './ports.ts';

/** Without tracing: the caller's trace context goes on as it came. */
export const UNTRACED: Traces = {
  begin: (_command, traceparent, continues) => ({ traceparent: traceparent ?? continues, end: () => undefined }),
  during: (_traces, work) => work(),
};

/** Trace contexts of a turn's commands, by command id. */
export type TraceOf = ReadonlyMap<string, string | null>;

/** A lot changes in the trace of the command about it; a lot split off it, or cancelled with it, in the same. */
export function tracesOfChanges(
  changes: readonly LotChange[],
  commands: readonly Command[],
  traceOf: TraceOf,
): Map<LotId, string> {
  const byLot = new Map<LotId, string>();
  for (const command of commands) {
    const traceparent = traceOf.get(command.id) ?? null;
    if (traceparent !== null) byLot.set(lotIdOfCommand(command), traceparent);
  }
  const byRoot = new Map<LotId, string>();
  for (const { after } of changes) {
    const own = byLot.get(after.id);
    if (own !== undefined) byRoot.set(after.rootId, own);
  }
  return new Map(
    changes.flatMap(({ after }) => {
      const traceparent = byLot.get(after.id) ?? byRoot.get(after.rootId);
      return traceparent === undefined ? [] : [[after.id, traceparent]];
    }),
  );
}
