export { startPostgres, type PostgresProcess } from './freshDatabase.ts';
export { freePort, type NatsProcess, startNats, until } from './servers.ts';
