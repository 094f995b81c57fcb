import type { SurplusView } from '#core/lots/view.ts';

/** Of each lot of a post the newer version that is known. @param listed leaves out which lots are of one post */
export function newest(told: SurplusView, listed: readonly SurplusView[]): SurplusView {
  const newer = (lot: SurplusView): SurplusView =>
    listed.find(({ id, version }) => id === lot.id && version > lot.version) ?? lot;
  return { ...newer(told), lots: told.lots.map(newer) };
}
