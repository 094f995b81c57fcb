// helm test: is the api ready, seen through its Service?
const answer = await fetch(`${process.env.API_URL}/readyz`, { signal: AbortSignal.timeout(10_000) });
console.log(answer.status, await answer.text());
process.exit(answer.ok ? 0 : 1);
