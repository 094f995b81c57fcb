/** What was promised, each with its figure; told as it is found out. */
export interface Verdict {
  check(promise: string, isKept: boolean, figure?: string): void;
  readonly missed: readonly string[];
  readonly checks: number;
}

export function openVerdict(say: (line: string) => void): Verdict {
  const missed: string[] = [];
  let checks = 0;
  return {
    check: (promise, isKept, figure = '') => {
      checks++;
      const line = figure === '' ? promise : `${promise}: ${figure}`;
      say(`${isKept ? 'ok    ' : 'MISSED'} ${line}`);
      if (!isKept) missed.push(line);
    },
    missed,
    get checks() {
      return checks;
    },
  };
}
