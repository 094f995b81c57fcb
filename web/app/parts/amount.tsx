import { kilograms } from '../language/amounts.ts';
import { t } from '../language/language.ts';
import { Choice } from './choice.tsx';

const QUICK_KG = ['2', '5', '10', '20'] as const;

interface AmountProps {
  /** as typed, with a comma or a point */
  readonly kg: string;
  readonly choose: (kg: string) => void;
}

export function Amount({ kg, choose }: AmountProps) {
  return (
    <>
      <Choice
        legend={t('post.amount')}
        name="quick"
        values={QUICK_KG}
        chosen={QUICK_KG.find((each) => each === kg) ?? null}
        words={(each) => kilograms(Number(each) * 1000)}
        choose={choose}
      />
      <label for="kg">{t('post.amount.kg')}</label>
      <input
        id="kg"
        inputMode="decimal"
        autocomplete="off"
        value={kg}
        onInput={(event) => choose(event.currentTarget.value)}
      />
    </>
  );
}
