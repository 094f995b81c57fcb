import { useEffect, useState } from 'preact/hooks';
import { haversineMeters } from '#core/geo/distance.ts';
import { isEnd, type LotState } from '#core/lots/lot.ts';
import type { SurplusView } from '#core/lots/view.ts';
import type { TapKind } from '../../engine/tap.ts';
import { distance } from '../language/amounts.ts';
import { t } from '../language/language.ts';
import { tap } from '../live.ts';
import { readOrganisations, type Organisation } from '../organisations.ts';
import { clockTime, nowMs } from '../state.ts';
import { Choice } from './choice.tsx';
import { isPending, TapStates } from './tapState.tsx';
import { Why } from './why.tsx';

type Verb = 'assign' | 'withdraw' | 'extend' | 'cancel';

/** What an operator may do with one lot now. */
export function Steer({ lot, seenAtMs }: { readonly lot: SurplusView; readonly seenAtMs: number }) {
  const [open, setOpen] = useState<Verb | null>(null);
  const verbs = verbsOf(lot);
  const send = (kind: TapKind & Verb, body: object): void => {
    void tap({ kind, subject: lot.id, method: 'POST', path: `/v1/surplus/${lot.id}/${kind}`, body });
    setOpen(null);
  };
  const pending = isPending(lot.id, seenAtMs);
  if (verbs.length === 0) return <TapStates subject={lot.id} />;
  return (
    <section>
      <h2 class="part">{t('steer.title')}</h2>
      <TapStates subject={lot.id} />
      {!pending && (
        <div class="row">
          {verbs.map((verb) => (
            <button key={verb} aria-expanded={open === verb} onClick={() => setOpen(open === verb ? null : verb)}>
              {t(`steer.${verb}`)}
            </button>
          ))}
        </div>
      )}
      {!pending && open !== null && verbs.includes(open) && <Form key={open} verb={open} lot={lot} send={send} />}
    </section>
  );
}

function verbsOf({ state, offer }: SurplusView): Verb[] {
  if (isEnd(state as LotState)) return [];
  const extensible: Verb[] = offer === null || offer.fallback ? [] : ['extend'];
  return [
    ...(state === 'claimed' ? [] : (['assign'] as const)),
    ...(offer === null ? [] : (['withdraw'] as const)),
    ...extensible,
    'cancel',
  ];
}

interface FormProps {
  readonly lot: SurplusView;
  readonly send: (kind: Verb, body: object) => void;
}

function Form({ verb, lot, send }: FormProps & { readonly verb: Verb }) {
  if (verb === 'assign') return <Assign lot={lot} send={send} />;
  if (verb === 'extend') return <Extend lot={lot} send={send} />;
  const how =
    verb === 'cancel' ? t('steer.cancel.how') : t('steer.withdraw.how', { name: lot.offer?.recipientName ?? '' });
  return (
    <Why go={t(`steer.${verb}.go`)} act={(reason) => send(verb, { reason })}>
      <p>{how}</p>
    </Why>
  );
}

const SHOWN = 6;

/** The nearest first; who may not take it is told by the server, which knows hours and free room. */
function Assign({ lot, send }: FormProps) {
  const [all, setAll] = useState<readonly Organisation[] | null>(null);
  const [failed, setFailed] = useState(false);
  const [part, setPart] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  useEffect(() => {
    readOrganisations('recipient').then(
      (found) =>
        setAll(
          found.toSorted(
            (a, b) => haversineMeters(lot.location, a.location) - haversineMeters(lot.location, b.location),
          ),
        ),
      () => setFailed(true),
    );
  }, [lot.location.lat, lot.location.lon]);
  if (failed) return <p role="alert">{t('app.failed')}</p>;
  if (all === null) return <p>{t('invite.loading')}</p>;
  const wanted = part.trim().toLowerCase();
  const found = all
    .filter(({ id, name }) => id !== lot.offer?.recipientId && name.toLowerCase().includes(wanted))
    .slice(0, SHOWN);
  const words = (id: string): string => {
    const each = found.find((one) => one.id === id);
    if (each === undefined) return id;
    const far = distance(haversineMeters(lot.location, each.location));
    return each.active
      ? t('steer.assign.far', { name: each.name, distance: far })
      : t('steer.assign.paused', { name: each.name });
  };
  return (
    <Why
      go={t('steer.assign.go')}
      missing={chosen === null ? t('steer.assign.who') : null}
      act={(reason) => send('assign', { recipientId: chosen, reason })}
    >
      <label for="find">{t('invite.find')}</label>
      <input id="find" type="search" value={part} onInput={(event) => setPart(event.currentTarget.value)} />
      {found.length === 0 && <p>{t('invite.none')}</p>}
      <Choice
        legend={t('steer.assign.who')}
        name="recipient"
        values={found.map(({ id }) => id)}
        chosen={chosen}
        words={words}
        choose={setChosen}
      />
    </Why>
  );
}

const MORE_MINUTES = [15, 30, 60, 120];
const MINUTE_MS = 60_000;

function Extend({ lot, send }: FormProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const { offer } = lot;
  const isMs = Date.parse((lot.state === 'claimed' ? offer?.pickupBy : offer?.deadline) ?? lot.safeUntil);
  const fromMs = Math.max(isMs, Math.floor(nowMs.peek() / MINUTE_MS) * MINUTE_MS);
  const lastMs = Date.parse(lot.safeUntil);
  const times = MORE_MINUTES.map((minutes) => Math.min(fromMs + minutes * MINUTE_MS, lastMs)).filter((ms) => ms > isMs);
  const values = [...new Set(times)].map((ms) => new Date(ms).toISOString());
  return (
    <Why
      go={t('steer.extend.go')}
      missing={chosen === null ? t('steer.extend.until') : null}
      act={(reason) => send('extend', { until: chosen, reason })}
    >
      <Choice
        legend={t('steer.extend.until')}
        name="until"
        values={values}
        chosen={chosen}
        words={clockTime}
        choose={setChosen}
      />
    </Why>
  );
}
