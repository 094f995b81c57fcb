export { startValhalla, type ValhallaProcess } from './servers.ts';
