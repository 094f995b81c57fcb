/** Keys that left together, and how many of them are not back. */
export interface Convoy<Key> {
  readonly group: unknown;
  readonly keys: ReadonlySet<Key>;
  away: number;
}

/** Keys that wait to leave: urgent ones alone and first, the others with their group. */
export interface Line<Key> {
  /** Waiting already: its place is kept, unless it has become urgent. */
  join(key: Key, isUrgent: boolean): void;
  /** null: nobody can leave now */
  next(): Convoy<Key> | null;
  /** One key of it is back. */
  back(convoy: Convoy<Key>): void;
}

/** So few are never waited for: a key that hangs must not hold up a group that is seldom busy. */
const STRAGGLERS = 3;

/** A group leaves whole, and again when half of those that left are back; groups take turns. */
export function createLine<Key>(groupOf: (key: Key) => unknown): Line<Key> {
  const urgent = new Set<Key>();
  /** by group, in the order they came to wait */
  const others = new Map<unknown, Set<Key>>();
  const convoys = new Map<unknown, Convoy<Key>>();

  function mayLeave(group: unknown): boolean {
    const last = convoys.get(group);
    return last === undefined || last.away <= Math.max(STRAGGLERS, last.keys.size / 2);
  }

  return {
    join(key, isUrgent) {
      const group = groupOf(key);
      const together = others.get(group) ?? new Set<Key>();
      if (!isUrgent) {
        others.set(group, together.add(key));
        return;
      }
      urgent.add(key);
      together.delete(key);
      if (together.size === 0) others.delete(group);
    },
    next() {
      const [first] = urgent;
      if (first !== undefined) {
        urgent.delete(first);
        return { group: groupOf(first), keys: new Set([first]), away: 1 };
      }
      const waiting = others.entries().find(([group]) => mayLeave(group));
      if (waiting === undefined) return null;
      const [group, keys] = waiting;
      others.delete(group);
      const convoy = { group, keys, away: keys.size };
      convoys.set(group, convoy);
      return convoy;
    },
    back(convoy) {
      convoy.away--;
      if (convoy.away === 0 && convoys.get(convoy.group) === convoy) convoys.delete(convoy.group);
    },
  };
}
