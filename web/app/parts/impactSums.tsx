import { impactOf, type ImpactFactors } from '#core/words/impact.ts';
import { kilograms } from '../language/amounts.ts';
import { t } from '../language/language.ts';

interface ImpactSumsProps {
  readonly title: string;
  readonly grams: number;
  readonly factors: ImpactFactors;
}

/** What so much food comes to. */
export function ImpactSums({ title, grams, factors }: ImpactSumsProps) {
  const { meals, co2eKg } = impactOf(grams, factors);
  return (
    <section class="card">
      <h2>{title}</h2>
      <ul class="facts">
        <li>{t('impact.kg', { kg: kilograms(grams) })}</li>
        <li>{t('impact.meals', { count: meals })}</li>
        <li>{t('impact.co2e', { kg: co2eKg })}</li>
      </ul>
    </section>
  );
}

/** By whose figures. */
export function ImpactHow({ factors }: { readonly factors: ImpactFactors }) {
  const { mealKg, mealSource, co2eKgPerKg: co2eKg, co2eSource } = factors;
  return <p class="small">{t('impact.how', { mealKg, mealSource, co2eKg, co2eSource })}</p>;
}
