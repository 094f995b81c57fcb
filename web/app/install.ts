/** The browser's offer to put the app on the home screen, kept until somebody asks for it. */
import { signal } from '@preact/signals';

interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

export const installPrompt = signal<InstallPrompt | null>(null);

export function watchInstall(): void {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    installPrompt.value = event as InstallPrompt;
  });
  addEventListener('appinstalled', () => (installPrompt.value = null));
}

export async function install(): Promise<void> {
  await installPrompt.value?.prompt();
  installPrompt.value = null;
}
