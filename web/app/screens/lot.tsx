import { read } from '../../engine/api.ts';
import { kilograms } from '../language/amounts.ts';
import { t, word } from '../language/language.ts';
import type { Step, SurplusWithHistory } from '../lists.ts';
import { Asked, detailOf } from '../parts/asked.tsx';
import { Coming } from '../parts/coming.tsx';
import { Steer } from '../parts/steer.tsx';
import { clockTime } from '../state.ts';
import { foodOf } from './donorHome.tsx';
import { LotLine } from './lots.tsx';
import { Back } from '../parts/back.tsx';
import { useSeen } from '../useSeen.ts';

/** One lot for the operator: who was tried, and why. */
export function LotScreen({ id }: { readonly id: string }) {
  const one = useSeen(`lot ${id}`, () => read<SurplusWithHistory>(`/v1/surplus/${id}`));
  const lot = one.value.value;
  return (
    <>
      <Back />
      {lot === null ? (
        <p>{one.failed.value ? t('app.failed') : t('app.loading')}</p>
      ) : (
        <History lot={lot} seenAtMs={one.atMs.value} />
      )}
    </>
  );
}

function History({ lot, seenAtMs }: { readonly lot: SurplusWithHistory; readonly seenAtMs: number }) {
  const names = new Map(lot.offers?.map((offer) => [offer.id, offer.recipientName]));
  return (
    <>
      <article class="card">
        <h2>{foodOf(lot)}</h2>
        <p>
          <strong>{t(`state.lot.${lot.state as 'posted'}`)}</strong> ·{' '}
          {t('offer.safe', { time: clockTime(lot.safeUntil) })}
        </p>
        <p>
          {t('lot.donor', { name: lot.donorName ?? lot.donorId })} <span class="small">({lot.donorId})</span>
        </p>
        <Coming surplus={lot} />
        {lot.note !== null && <p>{lot.note}</p>}
      </article>
      <Steer lot={lot} seenAtMs={seenAtMs} />
      <p>
        <a class="button" href={`#/audit/${encodeURIComponent(`lot:${lot.id}`)}`}>
          {t('audit.title')}
        </a>
      </p>
      <Asked offers={lot.offers ?? []} />
      <h2 class="part">{t('lot.history')}</h2>
      <ol class="steps">
        {lot.history.map((step) => (
          <li key={step.version}>
            <HistoryStep step={step} name={names.get(step.offerId ?? '') ?? step.recipientId} />
          </li>
        ))}
      </ol>
      {lot.lots.length > 0 && <h2 class="part">{t('lot.others')}</h2>}
      {lot.lots.map((other) => (
        <LotLine key={other.id} lot={other} />
      ))}
    </>
  );
}

function HistoryStep({ step, name }: { readonly step: Step; readonly name: string | null }) {
  const stateName = (state: string): string => word('state.lot', state, 'state.lot.posted');
  return (
    <>
      <strong>{word('reason', step.reason, 'refused.other', { detail: step.reason })}</strong> · {clockTime(step.at)}
      <br />
      {step.from === null
        ? stateName(step.to)
        : t('lot.step', { from: stateName(step.from), to: stateName(step.to) })}{' '}
      · {kilograms(step.quantityGrams)}
      {name !== null && <span class="small block">{t('lot.recipient', { name })}</span>}
      {step.detail !== null && <span class="small block">{detailOf(step.reason, step.detail)}</span>}
    </>
  );
}
