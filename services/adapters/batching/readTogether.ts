import { askTogether } from './askTogether.ts';

/** However many ask: one read at a time, and nobody is answered by one that began before he asked. */
export function readTogether<Answer>(read: () => Promise<Answer>): () => Promise<Answer> {
  const run = async (_: 'all', asked: readonly null[]): Promise<Answer[]> => {
    const answer = await read();
    return asked.map(() => answer);
  };
  const ask = askTogether<'all', null, Answer>({ maxInFlight: 1, maxBatch: Infinity, run });
  return () => ask('all', null);
}
