import { t } from './language.ts';

export function kilograms(grams: number): string {
  return t('amount.kg', { kg: grams / 1000 });
}

/** Below a kilometre in metres, to about ten: nobody is nearer than that. */
export function distance(meters: number): string {
  if (meters < 950) return t('distance.m', { meters: Math.max(10, Math.round(meters / 10) * 10) });
  return t('distance.km', { km: meters / 1000 });
}
