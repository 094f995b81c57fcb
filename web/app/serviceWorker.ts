/** Registers the service worker, and says when a newer version waits. */
import { look } from './live.ts';
import { waitingVersion } from './state.ts';

interface ScriptPolicy {
  createScriptURL(url: string): string;
}
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): ScriptPolicy;
}

const SCRIPT = '/sw.js';

/** The only script that is ever named by text. */
function scriptUrl(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  if (trustedTypes === undefined) return SCRIPT;
  const policy = trustedTypes.createPolicy('pahlawan', {
    createScriptURL: (url) => {
      if (url !== SCRIPT) throw new TypeError(`${url} is no script of ours`);
      return url;
    },
  });
  return policy.createScriptURL(SCRIPT);
}

export async function registerServiceWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.addEventListener('message', (event) => {
    const told = event.data as unknown;
    if (told === 'news') look();
    const path = (told as { open?: unknown } | null)?.open;
    if (typeof path === 'string' && path.startsWith('/#/')) location.hash = path.slice(2);
  });
  const registration = await navigator.serviceWorker.register(scriptUrl());
  const notice = (worker: ServiceWorker | null): void => {
    // The very first one waits for nobody.
    if (worker?.state === 'installed' && navigator.serviceWorker.controller !== null) waitingVersion.value = worker;
  };
  notice(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => notice(worker));
  });
}

/** Asked for by a person: nothing is reloaded under a form. */
export function takeUpdate(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waitingVersion.value?.postMessage('take-over');
}
