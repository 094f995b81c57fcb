/** `make test-traces`: the suite of traces, read back from Jaeger. Apart from `make test`: Jaeger takes minutes to build. */
import { startJaeger } from './jaeger.ts';
import { tracesAreWhole } from './wholeTrace.ts';

tracesAreWhole(startJaeger);
