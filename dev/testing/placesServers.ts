export { startPostgres, type PostgresProcess, testPool } from './freshDatabase.ts';
export { type RedisProcess, startRedis, until } from './servers.ts';
