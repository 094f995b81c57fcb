import { language, LOCALES, t } from '../language/language.ts';
import type { DayHours } from '../weekHours.ts';

interface WeekHoursProps {
  readonly days: readonly DayHours[];
  readonly change: (days: readonly DayHours[]) => void;
}

const NEW_DAY: DayHours = { from: '08:00', to: '20:00' };
/** 1970-01-05 was a Monday. */
const MONDAY_MS = 4 * 86_400_000;

/** One span a day; an end before its beginning is the next day's. */
export function WeekHours({ days, change }: WeekHoursProps) {
  const set = (n: number, day: DayHours): void => change(days.map((each, index) => (index === n ? day : each)));
  return (
    <>
      {days.map((day, n) => (
        <fieldset class="day" key={n}>
          <legend>{dayName(n)}</legend>
          {day === null ? (
            <button type="button" onClick={() => set(n, NEW_DAY)}>
              {t('profile.hours.open', { day: dayName(n) })}
            </button>
          ) : (
            <>
              <label>
                <span>{t('profile.hours.from')}</span>
                <input
                  type="time"
                  required
                  value={day.from}
                  onInput={({ currentTarget: { value } }) => value !== '' && set(n, { ...day, from: value })}
                />
              </label>
              <label>
                <span>{t('profile.hours.to')}</span>
                <input
                  type="time"
                  required
                  value={day.to}
                  onInput={({ currentTarget: { value } }) => value !== '' && set(n, { ...day, to: value })}
                />
              </label>
              <button type="button" onClick={() => set(n, null)}>
                {t('profile.hours.close', { day: dayName(n) })}
              </button>
            </>
          )}
        </fieldset>
      ))}
      <p class="small">{t('profile.hours.how')}</p>
    </>
  );
}

function dayName(n: number): string {
  const format = new Intl.DateTimeFormat(LOCALES[language.value], { weekday: 'long', timeZone: 'UTC' });
  return format.format(MONDAY_MS + n * 86_400_000);
}
