import { useEffect, useState } from 'preact/hooks';
import { authorized } from '../../engine/api.ts';
import type { Role } from '../../engine/session.ts';
import { t } from '../language/language.ts';
import { readOrganisations, type Organisation } from '../organisations.ts';
import { Choice } from '../parts/choice.tsx';
import { QrCode } from '../parts/qrCode.tsx';
import { clockTime } from '../state.ts';

interface Link {
  readonly url: string;
  readonly expiresAt: string;
  readonly name: string;
}

const ROLES: readonly Role[] = ['recipient', 'donor', 'operator'];
const SHOWN = 8;

/** Makes the one-time link that an operator hands to an organisation. */
export function Invite() {
  const [role, setRole] = useState<Role>('recipient');
  const [link, setLink] = useState<Link | null>(null);
  const [failed, setFailed] = useState(false);
  const make = async (organisation: Organisation | null): Promise<void> => {
    setFailed(false);
    setLink(null);
    try {
      const body = { role, ...(organisation === null ? {} : { organisationId: organisation.id }) };
      const made = await authorized<Omit<Link, 'name'>>('POST', '/v1/auth/links', { body });
      if (made.ok) setLink({ ...made.body, name: organisation?.name ?? t('role.operator') });
      else setFailed(true);
    } catch {
      setFailed(true);
    }
  };
  return (
    <>
      <p>{t('invite.how')}</p>
      <Choice
        legend={t('invite.role')}
        name="role"
        values={ROLES}
        chosen={role}
        words={(each) => t(`role.${each}`)}
        choose={(each) => (setRole(each), setLink(null))}
      />
      <p role="alert">{failed ? t('invite.failed') : ''}</p>
      {link !== null && <Made link={link} />}
      {role === 'operator' ? (
        <button class="primary" onClick={() => void make(null)}>
          {t('invite.make')}
        </button>
      ) : (
        <Organisations kind={role} key={role} choose={(organisation) => void make(organisation)} />
      )}
    </>
  );
}

function Made({ link }: { readonly link: Link }) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(link.url);
    setCopied(true);
  };
  return (
    <div class="card" role="status">
      <h2>{t('invite.for', { name: link.name, time: clockTime(link.expiresAt) })}</h2>
      <p class="url">{link.url}</p>
      <button onClick={() => void copy()}>{copied ? t('invite.copied') : t('invite.copy')}</button>
      <QrCode text={link.url} label={link.url} />
    </div>
  );
}

interface OrganisationsProps {
  readonly kind: 'donor' | 'recipient';
  readonly choose: (organisation: Organisation) => void;
}

/** A city has a few thousand at most: read once, then looked through here. */
function Organisations({ kind, choose }: OrganisationsProps) {
  const [all, setAll] = useState<readonly Organisation[] | null>(null);
  const [failed, setFailed] = useState(false);
  const [part, setPart] = useState('');
  useEffect(() => {
    readOrganisations(kind).then(setAll, () => setFailed(true));
  }, [kind]);
  if (failed) return <p role="alert">{t('app.failed')}</p>;
  if (all === null) return <p>{t('invite.loading')}</p>;
  const found = all.filter(({ name }) => name.toLowerCase().includes(part.trim().toLowerCase())).slice(0, SHOWN);
  return (
    <>
      <label for="find">{t('invite.find')}</label>
      <input id="find" type="search" value={part} onInput={(event) => setPart(event.currentTarget.value)} />
      <h2 class="part">{t('invite.choose')}</h2>
      {found.length === 0 && <p>{t('invite.none')}</p>}
      <ul class="picks">
        {found.map((organisation) => (
          <li key={organisation.id}>
            <button onClick={() => choose(organisation)}>{organisation.name}</button>
          </li>
        ))}
      </ul>
    </>
  );
}
