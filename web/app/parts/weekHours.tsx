import { t } from '../language/language.ts';
import { endsNextDay, withOneMore, type DayHours, type Span } from '../weekHours.ts';
import { weekdayName } from '../windows.ts';

interface WeekHoursProps {
  readonly days: readonly DayHours[];
  readonly change: (days: readonly DayHours[]) => void;
}

/** Some spans a day; an end before its beginning is the next day's. */
export function WeekHours({ days, change }: WeekHoursProps) {
  return (
    <>
      {days.map((spans, n) => (
        <Day
          key={n}
          day={weekdayName(n + 1, 'long')}
          spans={spans}
          set={(next) => change(days.map((each, index) => (index === n ? next : each)))}
        />
      ))}
      <p class="small">{t('profile.hours.how')}</p>
    </>
  );
}

interface DayProps {
  readonly day: string;
  readonly spans: DayHours;
  readonly set: (spans: DayHours) => void;
}

function Day({ day, spans, set }: DayProps) {
  const more = withOneMore(spans);
  return (
    <fieldset>
      <legend>{day}</legend>
      {spans.map((span, n) => (
        <SpanInputs
          key={n}
          name={t('profile.hours.span', { day, n: n + 1 })}
          span={span}
          set={(next) => set(spans.map((each, index) => (index === n ? next : each)))}
          remove={spans.length > 1 ? () => set(spans.filter((_, index) => index !== n)) : null}
        />
      ))}
      <div class="row">
        {more !== null && (
          <button type="button" onClick={() => set(more)}>
            {t(spans.length === 0 ? 'profile.hours.open' : 'profile.hours.more', { day })}
          </button>
        )}
        {spans.length > 0 && (
          <button type="button" onClick={() => set([])}>
            {t('profile.hours.close', { day })}
          </button>
        )}
      </div>
    </fieldset>
  );
}

interface SpanInputsProps {
  readonly name: string;
  readonly span: Span;
  readonly set: (span: Span) => void;
  /** null: it is the only one */
  readonly remove: (() => void) | null;
}

function SpanInputs({ name, span, set, remove }: SpanInputsProps) {
  return (
    <div class="span" role="group" aria-label={name}>
      {(['from', 'to'] as const).map((end) => (
        <label key={end}>
          <span>
            {t(`profile.hours.${end}`)}
            {end === 'to' && endsNextDay(span) && ` (${t('profile.hours.next')})`}
          </span>
          <input
            type="time"
            required
            value={span[end]}
            onInput={({ currentTarget: { value } }) => value !== '' && set({ ...span, [end]: value })}
          />
        </label>
      ))}
      {remove !== null && (
        <button type="button" aria-label={t('profile.hours.less', { from: span.from, to: span.to })} onClick={remove}>
          {t('profile.hours.remove')}
        </button>
      )}
    </div>
  );
}
