import { Gauge, type Registry } from 'prom-client';
import type { Admission } from './admission.ts';

/** How full this process is: the two together say how near it is to refusing posts. */
export function watchAdmission(registry: Registry, admission: Admission): void {
  new Gauge({
    name: 'api_commands_in_flight',
    help: 'Posts and answers being worked on',
    registers: [registry],
    collect() {
      this.set(admission.inFlight);
    },
  });
  new Gauge({
    name: 'api_commands_limit',
    help: 'Commands in flight at which new posts are refused',
    registers: [registry],
    collect() {
      this.set(admission.limit());
    },
  });
}
