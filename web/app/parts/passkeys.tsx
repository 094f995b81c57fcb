import { useEffect, useState } from 'preact/hooks';
import { authorized, read } from '../../engine/api.ts';
import { t } from '../language/language.ts';
import { savePasskey } from '../passkeys.ts';
import { clockTime } from '../state.ts';

interface PasskeySeen {
  readonly id: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

/** Passkeys that sign in for this member: saving one here, and taking one away from a lost phone. */
export function Passkeys() {
  const [told, setTold] = useState('');
  const [all, setAll] = useState<readonly PasskeySeen[]>([]);
  const [removing, setRemoving] = useState<string | null>(null);
  const look = async (): Promise<void> => {
    setAll((await read<{ readonly items: readonly PasskeySeen[] }>('/v1/auth/passkeys')).items);
  };
  useEffect(() => void look().catch(() => undefined), []);
  const save = async (): Promise<void> => {
    try {
      await savePasskey();
      setTold(t('settings.passkey.done'));
      await look();
    } catch {
      setTold(t('settings.passkey.failed'));
    }
  };
  const remove = async (id: string): Promise<void> => {
    setRemoving(null);
    const answer = await authorized('DELETE', `/v1/auth/passkeys/${id}`).catch(() => null);
    setTold(answer?.ok === true || answer?.status === 404 ? t('settings.passkey.removed') : t('app.failed.once'));
    await look().catch(() => undefined);
  };
  return (
    <section>
      <h2 class="part">{t('settings.passkey')}</h2>
      <p>{t('settings.passkey.how')}</p>
      <ul class="picks">
        {all.map((each) => (
          <li class="card" key={each.id}>
            {t('settings.passkey.made', { time: clockTime(each.createdAt) })}
            {each.lastUsedAt !== null && ` · ${t('settings.passkey.used', { time: clockTime(each.lastUsedAt) })}`}
            {removing === each.id ? (
              <fieldset>
                <legend>{t('settings.passkey.remove.sure')}</legend>
                <div class="row">
                  <button onClick={() => void remove(each.id)}>{t('settings.passkey.remove.go')}</button>
                  <button onClick={() => setRemoving(null)}>{t('food.keep')}</button>
                </div>
              </fieldset>
            ) : (
              <p>
                <button onClick={() => setRemoving(each.id)}>{t('settings.passkey.remove')}</button>
              </p>
            )}
          </li>
        ))}
      </ul>
      <p role="status">{told}</p>
      <button onClick={() => void save()}>{t('settings.passkey.add')}</button>
    </section>
  );
}
