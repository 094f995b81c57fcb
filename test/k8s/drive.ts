/** The load of one host: what the whole city asks for, divided by the hosts that are ready. So the loop is closed. */
import { playStory, type Stage } from '../survival/stories.ts';

export interface Drive {
  /** stories a second, of the whole city */
  city(storiesPerSecond: number): void;
  /** among so many hosts it is divided */
  among(hosts: number): void;
  /** stories a second that are begun at our host now */
  offered(): number;
  /** Begins no more, and waits for the last. */
  stop(): Promise<void>;
}

/** People who find so many before them go away: an overloaded host is not to become a queue without end. Enough for several full calls (64) to it. */
const MOST_AT_ONCE = 240;
const EVERY_MS = 20;
/** After a pause of this process it does not catch up on more than this. */
const MOST_ELAPSED_MS = 500;

/** @param ceiling stories a second at most, however few hosts there are: enough to saturate one */
export function createDrive(stage: Stage, ceiling: { perSecond: number }): Drive {
  const stories = new Set<Promise<void>>();
  let [city, hosts, due, begun] = [0, 1, 0, 0];
  let lastMs = performance.now();
  const offered = (): number => Math.min(city / hosts, ceiling.perSecond);
  const begin = (): void => {
    const nowMs = performance.now();
    due += (Math.min(nowMs - lastMs, MOST_ELAPSED_MS) / 1000) * offered();
    lastMs = nowMs;
    for (; due >= 1; due--) {
      if (stories.size >= MOST_AT_ONCE) continue;
      const story = playStory(stage, begun++);
      stories.add(story);
      void story.finally(() => stories.delete(story));
    }
  };
  const timer = setInterval(begin, EVERY_MS);
  return {
    city: (storiesPerSecond) => void (city = storiesPerSecond),
    among: (count) => void (hosts = Math.max(1, count)),
    offered,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(stories);
    },
  };
}
