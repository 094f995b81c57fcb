export { startPostgres, type PostgresProcess, testPool } from './freshDatabase.ts';
export { freePort, type RedisProcess, startRedis, until } from './servers.ts';
