import { t } from '../language/language.ts';
import type { DayHours } from '../weekHours.ts';
import { weekdayName } from '../windows.ts';

interface WeekHoursProps {
  readonly days: readonly DayHours[];
  readonly change: (days: readonly DayHours[]) => void;
}

const NEW_DAY: DayHours = { from: '08:00', to: '20:00' };

/** One span a day; an end before its beginning is the next day's. */
export function WeekHours({ days, change }: WeekHoursProps) {
  const set = (n: number, day: DayHours): void => change(days.map((each, index) => (index === n ? day : each)));
  return (
    <>
      {days.map((day, n) => (
        <fieldset class="day" key={n}>
          <legend>{weekdayName(n + 1, 'long')}</legend>
          {day === null ? (
            <button type="button" onClick={() => set(n, NEW_DAY)}>
              {t('profile.hours.open', { day: weekdayName(n + 1, 'long') })}
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
                {t('profile.hours.close', { day: weekdayName(n + 1, 'long') })}
              </button>
            </>
          )}
        </fieldset>
      ))}
      <p class="small">{t('profile.hours.how')}</p>
    </>
  );
}
