/**
 * What the work gives, or `late()` when it takes longer; the work itself goes on. A timer, not an abort signal: that one makes an error
 * each time it isn't needed.
 * @throws what the work or `late` throws
 */
export async function withinMs<Done, Late>(
  ms: number,
  work: Promise<Done>,
  late: () => Late | Promise<Late>,
): Promise<Done | Late> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  return await Promise.race([work, over.then(late)]).finally(() => clearTimeout(timer));
}
