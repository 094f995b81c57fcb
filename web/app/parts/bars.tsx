import { t } from '../language/language.ts';

interface BarsProps {
  readonly title: string;
  readonly values: readonly number[];
  /** what each bar stands for */
  readonly labels: readonly string[];
  readonly say: (value: number) => string;
}

const WIDTH = 320;
const HEIGHT = 96;
/** Room for the hours below. */
const FOOT = 18;

/** One row of bars; whoever can't see them opens the same figures as a list. */
export function Bars({ title, values, labels, say }: BarsProps) {
  const total = values.reduce((sum, value) => sum + value, 0);
  const most = Math.max(1, ...values);
  const step = WIDTH / Math.max(1, values.length);
  return (
    <figure class="card">
      <figcaption>
        <strong>{title}</strong>: {say(total)}
      </figcaption>
      <svg class="plot" viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT + FOOT)}`} aria-hidden="true">
        <line x1="0" y1={HEIGHT} x2={WIDTH} y2={HEIGHT} />
        {values.map((value, n) => {
          const height = value === 0 ? 0 : Math.max(3, (value / most) * (HEIGHT - 4));
          return <rect key={labels[n]} x={n * step + 1} y={HEIGHT - height} width={step - 2} height={height} />;
        })}
        {labels.map(
          (label, n) =>
            n % 6 === 0 && (
              <text key={label} x={n * step} y={HEIGHT + FOOT - 3}>
                {label}
              </text>
            ),
        )}
      </svg>
      <details>
        <summary>{t('today.figures')}</summary>
        <ul class="facts">
          {values.map(
            (value, n) =>
              value > 0 && <li key={labels[n]}>{t('today.hour', { time: labels[n] ?? '', kg: say(value) })}</li>,
          )}
        </ul>
        {total === 0 && <p>{t('today.none')}</p>}
      </details>
    </figure>
  );
}
