import { useEffect, useState } from 'preact/hooks';
import { parsePhoneAt } from '#core/words/phone.ts';
import { authorized, read } from '../../engine/api.ts';
import { language, t } from '../language/language.ts';
import { timeZone } from '../state.ts';

/** The number for text messages: for phones that get no notification. */
export function Phone() {
  const [kept, setKept] = useState<string | null>(null);
  const [typed, setTyped] = useState('');
  const [told, setTold] = useState('');
  const [wrong, setWrong] = useState(false);
  useEffect(() => {
    read<{ readonly phone: string | null }>('/v1/phone-number').then(
      ({ phone }) => setKept(phone),
      () => undefined,
    );
  }, []);
  const send = async (method: 'PUT' | 'DELETE', phone: string | null): Promise<void> => {
    const body = phone === null ? null : { phone, language: language.value };
    const answer = await authorized(method, '/v1/phone-number', { body }).catch(() => null);
    if (answer?.ok === true) {
      setKept(phone);
      setTyped('');
    }
    setTold(answer?.ok !== true ? t('app.failed.once') : phone === null ? t('phone.removed') : t('phone.saved'));
  };
  const save = (event: Event): void => {
    event.preventDefault();
    const phone = parsePhoneAt(typed, timeZone.value);
    setWrong(phone === null);
    setTold('');
    if (phone !== null) void send('PUT', phone);
  };
  return (
    <section>
      <h2 class="part">{t('phone.title')}</h2>
      <p>{t('phone.how')}</p>
      {kept !== null && (
        <p>
          <strong>{kept}</strong> <button onClick={() => void send('DELETE', null)}>{t('phone.remove')}</button>
        </p>
      )}
      <form onSubmit={save} noValidate>
        <label for="phone">{t(kept === null ? 'phone.number' : 'phone.number.other')}</label>
        <input
          id="phone"
          type="tel"
          autocomplete="tel"
          maxLength={40}
          value={typed}
          aria-invalid={wrong}
          onInput={(event) => (setTyped(event.currentTarget.value), setWrong(false))}
        />
        <p role="alert">{wrong ? t('phone.wrong') : ''}</p>
        <p role="status">{told}</p>
        <button>{t('phone.save')}</button>
      </form>
    </section>
  );
}
