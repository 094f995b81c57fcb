/** Whether that long has not passed yet since then. PostgreSQL's clock may have gone back meanwhile: then nobody knows, and it has. */
export function isWithin(ms: number, sinceMs: number, nowMs: number): boolean {
  return nowMs >= sinceMs && nowMs - sinceMs < ms;
}
