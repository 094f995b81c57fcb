import Type from 'typebox';

const strict = { additionalProperties: false };
const Kilograms = Type.Number({ minimum: 0 });

/** What so much food comes to, and by whose figures. */
export const impactFields = {
  impact: Type.Object({ kg: Kilograms, meals: Type.Integer({ minimum: 0 }), co2eKg: Kilograms }, strict),
  factors: Type.Object(
    { mealKg: Kilograms, mealSource: Type.String(), co2eKgPerKg: Kilograms, co2eSource: Type.String() },
    { ...strict, description: 'what it is reckoned with, and who says so' },
  ),
};
