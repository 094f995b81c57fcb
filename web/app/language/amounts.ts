import { t } from './language.ts';

export function kilograms(grams: number): string {
  return t('amount.kg', { kg: grams / 1000 });
}

export function kilometres(meters: number): string {
  return t('distance.km', { km: meters / 1000 });
}
