import { render } from 'preact';
import { App } from './app.tsx';
import { announceLanguage } from './language/language.ts';
import { startLive } from './live.ts';
import { watchInstall } from './install.ts';
import { registerServiceWorker } from './serviceWorker.ts';
import './style.css';

announceLanguage();
watchInstall();
render(<App />, document.getElementById('app') ?? document.body);
startLive();
void registerServiceWorker();
// What waits here must not be thrown away when the phone is full.
void navigator.storage?.persist?.();
