/** The least that the stack takes for one of our processes. */
import { createServer } from 'node:http';

createServer((_, response) => response.end('{}')).listen(Number(process.env['APP_PORT']), '127.0.0.1');
