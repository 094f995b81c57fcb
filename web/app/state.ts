/** What every screen stands on: who is signed in, where one is, what was tapped, what time it is. */
import { computed, signal } from '@preact/signals';
import { serverNowMs } from '../engine/serverClock.ts';
import type { Member } from '../engine/session.ts';
import type { Tap } from '../engine/tap.ts';
import { language, LOCALES } from './language/language.ts';
import { timeIn } from './language/zone.ts';

/** undefined: not known yet */
export const member = signal<Member | null | undefined>(undefined);
export const online = signal(navigator.onLine);
export const taps = signal<readonly Tap[]>([]);
/** tapped last of what this phone could not keep, and that was not done either; without a refusal the server did not answer */
export const unkept = signal<Pick<Tap, 'kind' | 'refusal'> | null>(null);
/** a newer version waits to take over */
export const waitingVersion = signal<ServiceWorker | null>(null);
/** the server's time, each second; unix ms */
export const nowMs = signal(serverNowMs());
setInterval(() => (nowMs.value = serverNowMs()), 1_000);

const deviceZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
export const timeZone = computed(() => member.value?.timeZone ?? deviceZone);

/** A time of day where the organisation is. @param at RFC 3339, or unix ms */
export function clockTime(at: string | number): string {
  // Minutes are enough for knowing which day it is.
  const todayMs = Math.floor(nowMs.peek() / 60_000) * 60_000;
  return timeIn(timeZone.value, LOCALES[language.value], typeof at === 'string' ? Date.parse(at) : at, todayMs);
}

/** The hour of a time, where the organisation is; operators have no place, and read their own. */
export function hourOf(at: string): string {
  const format = new Intl.DateTimeFormat(LOCALES[language.value], {
    hour: '2-digit',
    minute: '2-digit',
    timeZone: timeZone.value,
  });
  return format.format(Date.parse(at));
}

export interface Route {
  /** '' is home */
  readonly screen: string;
  readonly argument: string;
}

function routeOf(hash: string): Route {
  const [screen = '', argument = ''] = hash.replace(/^#\/?/, '').split('/');
  try {
    return { screen, argument: decodeURIComponent(argument) };
  } catch {
    return { screen: '', argument: '' };
  }
}

export const route = signal(routeOf(location.hash));
addEventListener('hashchange', () => (route.value = routeOf(location.hash)));

export function go(screen: string, argument = ''): void {
  location.hash = argument === '' ? `/${screen}` : `/${screen}/${encodeURIComponent(argument)}`;
}
