/** Times of day and days as text, as people of one place write them; no zone is in them. */
const DAY_MINUTES = 1_440;
const DAY_MS = 86_400_000;

/** `HH:MM`. @param minute of a day, or of a week */
export function clockOf(minute: number): string {
  const ofDay = minute % DAY_MINUTES;
  return `${String(Math.floor(ofDay / 60)).padStart(2, '0')}:${String(ofDay % 60).padStart(2, '0')}`;
}

/** Minute of the day. @param clock `HH:MM` */
export function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}

/** @param day YYYY-MM-DD. @param days later; below 0: earlier */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
