import { useState } from 'preact/hooks';
import { read } from '../../engine/api.ts';
import { t } from '../language/language.ts';
import { tap } from '../live.ts';
import { Choice } from '../parts/choice.tsx';
import { isPending, TapStates } from '../parts/tapState.tsx';
import { Why } from '../parts/why.tsx';
import type { Seen } from '../seenBy.ts';
import { clockTime } from '../state.ts';
import { useSeen } from '../useSeen.ts';

interface Recipient {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly pausedByOperator: boolean;
  readonly fallback: boolean;
  readonly asked: number;
  readonly accepted: number;
  readonly declined: number;
  readonly lapsed: number;
  readonly released: number;
  readonly devices: number;
  readonly deadDevices: number;
  readonly lastPushAt: string | null;
  readonly phone: 'none' | 'given' | 'refused';
  readonly lastTextAt: string | null;
}
interface Donor {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly pausedByOperator: boolean;
  readonly posts: number;
  readonly cancelled: number;
  readonly expired: number;
  readonly badHandovers: number;
}

type Kind = 'recipients' | 'donors';
const KINDS: readonly Kind[] = ['recipients', 'donors'];
const SHOWN = 10;

/** Who takes part: who answers and is still reached, and who is trouble. */
export function Partners() {
  const [kind, setKind] = useState<Kind>('recipients');
  return (
    <>
      <p>
        <a class="button" href="#/invite">
          {t('menu.invite')}
        </a>
      </p>
      <Choice
        legend={t('partners.which')}
        name="which"
        values={KINDS}
        chosen={kind}
        words={(each) => t(`partners.${each}`)}
        choose={setKind}
      />
      {kind === 'recipients' ? <Recipients /> : <Donors />}
    </>
  );
}

function useList<Item>(path: string): Seen<readonly Item[]> {
  return useSeen(path, async () => (await read<{ readonly items: readonly Item[] }>(path)).items);
}

function Find({ part, set }: { readonly part: string; readonly set: (part: string) => void }) {
  return (
    <>
      <label for="find">{t('invite.find')}</label>
      <input id="find" type="search" value={part} onInput={(event) => set(event.currentTarget.value)} />
    </>
  );
}

function named<Item extends { readonly name: string }>(part: string, all: readonly Item[]): readonly Item[] {
  return all.filter(({ name }) => name.toLowerCase().includes(part.trim().toLowerCase()));
}

function Recipients() {
  const seen = useList<Recipient>('/v1/oversight/recipients');
  const [part, setPart] = useState('');
  const [unreached, setUnreached] = useState(false);
  const all = seen.value.value;
  if (all === null) return <p>{seen.failed.value ? t('app.failed') : t('app.loading')}</p>;
  const silent = all.filter(isUnreached);
  const found = named(part, unreached ? silent : all).toSorted((a, b) => unansweredOf(b) - unansweredOf(a));
  return (
    <>
      <Find part={part} set={setPart} />
      <p>
        <button aria-pressed={unreached} onClick={() => setUnreached(!unreached)}>
          {t('partners.unreached', { count: silent.length })}
        </button>
      </p>
      {found.length === 0 && <p>{t('invite.none')}</p>}
      {found.slice(0, SHOWN).map((each) => (
        <RecipientCard key={each.id} recipient={each} seenAtMs={seen.atMs.value} />
      ))}
      {found.length > SHOWN && <p>{t('partners.more', { count: found.length - SHOWN })}</p>}
    </>
  );
}

/** Who answers least comes first; who was not asked, by name at the end. */
function unansweredOf({ asked, lapsed }: Recipient): number {
  return asked === 0 ? -1 : lapsed / asked;
}

/** Nothing of ours reaches it but the open app. */
function isUnreached({ active, devices, phone }: Recipient): boolean {
  return active && devices === 0 && phone !== 'given';
}

function RecipientCard({ recipient, seenAtMs }: { readonly recipient: Recipient; readonly seenAtMs: number }) {
  const { name, asked, accepted, declined, lapsed, released } = recipient;
  return (
    <article class="card line">
      <h2>{name}</h2>
      <Paused partner={recipient} />
      {recipient.fallback && <p>{t('because.fallback')}</p>}
      <p>
        {asked === 0
          ? t('partners.asked.none')
          : t('partners.asked', { asked, percent: (accepted + declined + released) / asked })}
      </p>
      {asked > 0 && <p class="small">{t('partners.answers', { accepted, declined, lapsed, released })}</p>}
      <p class="small">{reachOf(recipient)}</p>
      <Steering of="recipient" partner={recipient} seenAtMs={seenAtMs} />
    </article>
  );
}

type Partner = Pick<Recipient, 'id' | 'name' | 'active' | 'pausedByOperator'>;

function Paused({ partner: { active, pausedByOperator } }: { readonly partner: Partner }) {
  if (active) return null;
  return (
    <p>
      <strong>{t(pausedByOperator ? 'partners.paused' : 'partners.paused.self')}</strong>
    </p>
  );
}

interface SteeringProps {
  readonly of: 'recipient' | 'donor';
  readonly partner: Partner;
  readonly seenAtMs: number;
}

/** Pause or resume, with a reason; and what operators did about it so far. */
function Steering({ of, partner: { id, name, active }, seenAtMs }: SteeringProps) {
  const [open, setOpen] = useState(false);
  const subject = `${of}:${id}`;
  const kind = active ? 'pause' : 'resume';
  const act = (reason: string): void => {
    void tap({ kind, subject, method: 'POST', path: `/v1/${of}s/${id}/${kind}`, body: { reason } });
    setOpen(false);
  };
  return (
    <>
      <TapStates subject={subject} />
      <div class="row">
        {!isPending(subject, seenAtMs) && (
          <button aria-expanded={open} onClick={() => setOpen(!open)}>
            {t(`partners.${kind}`)}
          </button>
        )}
        <a class="button" href={`#/audit/${encodeURIComponent(subject)}`} aria-label={t('audit.of', { name })}>
          {t('audit.title')}
        </a>
      </div>
      {open && <Why go={t(`partners.${kind}.go`)} act={act} />}
    </>
  );
}

function reachOf({ devices, deadDevices, lastPushAt, phone, lastTextAt }: Recipient): string {
  const told = [
    t('partners.devices', { count: devices }),
    ...(deadDevices > 0 ? [t('partners.dead', { count: deadDevices })] : []),
    lastPushAt === null ? t('partners.push.never') : t('partners.push', { time: clockTime(lastPushAt) }),
    t(`partners.phone.${phone}`),
    ...(lastTextAt === null ? [] : [t('partners.text', { time: clockTime(lastTextAt) })]),
  ];
  return told.join(' · ');
}

function Donors() {
  const seen = useList<Donor>('/v1/oversight/donors');
  const [part, setPart] = useState('');
  const all = seen.value.value;
  if (all === null) return <p>{seen.failed.value ? t('app.failed') : t('app.loading')}</p>;
  const found = named(part, all);
  return (
    <>
      <p>{t('partners.trouble.how')}</p>
      {all.length === 0 ? <p>{t('partners.trouble.nobody')}</p> : <Find part={part} set={setPart} />}
      {all.length > 0 && found.length === 0 && <p>{t('invite.none')}</p>}
      {found.slice(0, SHOWN).map((each) => (
        <DonorCard key={each.id} donor={each} seenAtMs={seen.atMs.value} />
      ))}
      {found.length > SHOWN && <p>{t('partners.more', { count: found.length - SHOWN })}</p>}
    </>
  );
}

function DonorCard({ donor, seenAtMs }: { readonly donor: Donor; readonly seenAtMs: number }) {
  const { name, posts, cancelled, expired, badHandovers } = donor;
  return (
    <article class="card line">
      <h2>{name}</h2>
      <Paused partner={donor} />
      <p>{t('partners.posts', { count: posts })}</p>
      <p class="small">
        {cancelled + expired + badHandovers === 0
          ? t('partners.trouble.none')
          : t('partners.trouble', { cancelled, expired, bad: badHandovers })}
      </p>
      <Steering of="donor" partner={donor} seenAtMs={seenAtMs} />
    </article>
  );
}
