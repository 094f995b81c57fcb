/** Which loads two trees are compared under, as their names say. */
import { connectionsFor } from '../generator/generate.ts';
import type { Load } from '../scenarios.ts';

export type NamedLoad = Pick<Load, 'name' | 'rate' | 'connections' | 'cells' | 'repeatOf'>;

/**
 * `500/s`: posts a second; `512`: connections at saturation; `@20` behind either: from the 20 fullest cells. The same once more: its posts are
 * repeated under their keys, as a crowd does whose answers were lost.
 * @throws RangeError naming what can't be read
 */
export function loadsOf(text: string): NamedLoad[] {
  const names = text.split(/\s+/).filter((name) => name !== '');
  if (names.length === 0) throw new RangeError('LOADS names no load. For example: LOADS="500/s 512 512@20"');
  return names.map((name, n) => {
    const before = names.slice(0, n).filter((each) => each === name).length;
    return before === 0 ? loadOf(name) : { ...loadOf(name), name: name + ' again'.repeat(before), repeatOf: name };
  });
}

function loadOf(name: string): NamedLoad {
  const found = /^([1-9]\d*)(\/s)?(?:@([1-9]\d*))?$/.exec(name);
  if (found === null) {
    throw new RangeError(
      `"${name}" is no load: 500/s (a rate), 512 (connections), either with @20 (the 20 fullest cells)`,
    );
  }
  const [, amount, perSecond, cells] = found;
  const many = Number(amount);
  // Said for a rate, too: the other tree's bench may have others.
  const pace = perSecond === undefined ? { connections: many } : { rate: many, connections: connectionsFor(many) };
  return { name, ...pace, ...(cells === undefined ? {} : { cells: Number(cells) }) };
}
