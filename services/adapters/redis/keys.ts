/**
 * All keys of one prefix share a hash tag, so that one script may read the marker and change what it vouches for in one
 * atomic step. What is derived from PostgreSQL lives under a generation: a rebuild fills the next one (its
 * number is PostgreSQL's, and never comes again) and the marker switches over, so a rebuild that was overtaken writes where nobody reads.
 *
 *   {p}:marker              `<run_id> <generation>`: what is below may be believed
 *   {p}:keeper              lock of who rebuilds and sweeps
 *   {p}:<g>:geo             GEO set of active recipients          {p}:<g>:fallback   … of food banks of last resort; each with a first member at sea
 *   {p}:<g>:f:<recipient>   facts, JSON of core's Recipient
 *   {p}:<g>:c:<recipient>   hash: v (version of the facts) · open (sum of the tokens) · YYYY-MM-DD (grams collected)
 *   {p}:<g>:n:<recipient>   its counters as one text, until they change
 *   {p}:<g>:t:<recipient>   hash: offer id → `<grams>:<reserved at, unix ms of Redis>`
 *   {p}:<g>:h:<recipient>:<day>  set of offer ids whose grams are in that day
 */
export interface Keys {
  readonly root: string;
  readonly marker: string;
  readonly keeper: string;
  of(generation: string): GenerationKeys;
}
export interface GenerationKeys {
  readonly geo: string;
  readonly fallback: string;
  facts(recipientId: string): string;
  counters(recipientId: string): string;
  tokens(recipientId: string): string;
}

/** @throws RangeError for a prefix with characters that mean something in a key pattern */
export function keysOf(prefix: string): Keys {
  if (!/^[\w:.-]+$/.test(prefix)) throw new RangeError('a prefix is made of letters, digits, _ : . -');
  const root = `{${prefix}}`;
  return {
    root,
    marker: `${root}:marker`,
    keeper: `${root}:keeper`,
    of: (generation) => ({
      geo: `${root}:${generation}:geo`,
      fallback: `${root}:${generation}:fallback`,
      facts: (id) => `${root}:${generation}:f:${id}`,
      counters: (id) => `${root}:${generation}:c:${id}`,
      tokens: (id) => `${root}:${generation}:t:${id}`,
    }),
  };
}
