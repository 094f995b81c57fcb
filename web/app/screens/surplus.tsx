import { useState } from 'preact/hooks';
import { isEnd } from '#core/lots/lot.ts';
import type { SurplusView } from '#core/lots/view.ts';
import { read } from '../../engine/api.ts';
import { t } from '../language/language.ts';
import { surpluses, type SurplusWithHistory } from '../lists.ts';
import { tap } from '../live.ts';
import { newest } from '../newest.ts';
import { Coming } from '../parts/coming.tsx';
import { HandoverCode } from '../parts/handoverCode.tsx';
import { Photo } from '../parts/photo.tsx';
import { isPending, TapStates } from '../parts/tapState.tsx';
import { clockTime } from '../state.ts';
import { foodOf } from './donorHome.tsx';
import { Back } from '../parts/back.tsx';
import { useSeen } from '../useSeen.ts';

/** A donor's post: all lots it has become, who comes for each, the codes, and cancelling. */
export function SurplusScreen({ id }: { readonly id: string }) {
  const one = useSeen(`surplus ${id}`, () => read<SurplusWithHistory>(`/v1/surplus/${id}`));
  const [told, listed] = [one.value.value, surpluses.value.value ?? []];
  const surplus = told === null ? listed.find((each) => each.id === id) : newest(told, listed);
  return (
    <>
      <Back />
      {surplus === undefined ? (
        <p>{one.failed.value ? t('app.failed') : t('app.loading')}</p>
      ) : (
        [surplus, ...surplus.lots].map((lot) => <LotCard key={lot.id} lot={lot} />)
      )}
      {surplus !== undefined && <Cancel surplus={surplus} seenAtMs={one.atMs.value} />}
    </>
  );
}

function LotCard({ lot }: { readonly lot: SurplusView }) {
  return (
    <article class="card">
      <h2>{foodOf(lot)}</h2>
      <p>
        <strong>{t(`state.lot.${lot.state as 'posted'}`)}</strong> ·{' '}
        {t('offer.safe', { time: clockTime(lot.safeUntil) })}
      </p>
      {lot.photo != null && <Photo lotId={lot.id} />}
      <Coming surplus={lot} />
      {lot.offer?.state === 'claimed' && <HandoverCode offerId={lot.offer.id} />}
    </article>
  );
}

function Cancel({ surplus, seenAtMs }: { readonly surplus: SurplusView; readonly seenAtMs: number }) {
  const [sure, setSure] = useState(false);
  const open = [surplus, ...surplus.lots].some((lot) => !isEnd(lot.state as 'posted'));
  const cancel = (): void => {
    const path = `/v1/surplus/${surplus.id}`;
    void tap({ kind: 'cancel', subject: surplus.id, method: 'DELETE', path, body: null });
    setSure(false);
  };
  return (
    <>
      <TapStates subject={surplus.id} />
      {open && !sure && !isPending(surplus.id, seenAtMs) && (
        <button onClick={() => setSure(true)}>{t('food.cancel')}</button>
      )}
      {sure && (
        <fieldset>
          <legend>{t('food.cancel.sure')}</legend>
          {comingFor(surplus).map((name) => (
            <p key={name}>{t('food.cancel.told', { name })}</p>
          ))}
          <div class="row">
            <button onClick={cancel}>{t('food.cancel.go')}</button>
            <button onClick={() => setSure(false)}>{t('food.keep')}</button>
          </div>
        </fieldset>
      )}
    </>
  );
}

/** Who need not come any more. */
function comingFor(surplus: SurplusView): readonly string[] {
  const coming = [surplus, ...surplus.lots].flatMap(({ offer }) => (offer?.state === 'claimed' ? [offer] : []));
  return [...new Set(coming.map(({ recipientName }) => recipientName))];
}
