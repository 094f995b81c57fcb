/** What rescued food comes to, in words people know. The factors are configuration, and are shown with who says so. */
export interface ImpactFactors {
  /** kilograms of a meal */
  readonly mealKg: number;
  readonly mealSource: string;
  /** kilograms of CO2 equivalent that a kilogram of food saves when it is eaten and not thrown away */
  readonly co2eKgPerKg: number;
  readonly co2eSource: string;
}

export interface Impact {
  readonly kg: number;
  /** whole meals */
  readonly meals: number;
  readonly co2eKg: number;
}

export function impactOf(grams: number, { mealKg, co2eKgPerKg }: ImpactFactors): Impact {
  const kg = grams / 1_000;
  return { kg, meals: Math.floor(kg / mealKg), co2eKg: kg * co2eKgPerKg };
}
