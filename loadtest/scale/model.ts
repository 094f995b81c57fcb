/** From what a bench measured to what a nation needs. Pure; every assumption is a number in `Plan`. */

/** A scenario of a bench: what each process spent for a post, at some posts a turn. */
export interface Point {
  readonly postsPerTurn: number;
  /** CPU-seconds per 1,000 posts, which is milliseconds a post */
  readonly cpuPer1000: Readonly<Record<string, number>>;
}

/** Milliseconds of CPU a post: `perPost + perTurn ÷ posts a turn`. */
export interface Cost {
  readonly perPost: number;
  readonly perTurn: number;
}

/** Least squares over the scenarios, by process; nothing costs less than nothing. */
export function costsOf(points: readonly Point[]): Map<string, Cost> {
  if (points.length < 2) throw new Error('two scenarios at least, with different batches');
  const names = new Set(points.flatMap(({ cpuPer1000 }) => Object.keys(cpuPer1000)));
  return new Map([...names].map((name) => [name, fit(points.map((each) => pair(each, name)))]));
}

function pair({ postsPerTurn, cpuPer1000 }: Point, name: string): readonly [number, number] {
  return [1 / postsPerTurn, cpuPer1000[name] ?? 0];
}

function fit(pairs: readonly (readonly [x: number, y: number])[]): Cost {
  const mean = (of: (pair: readonly [number, number]) => number): number =>
    pairs.reduce((sum, each) => sum + of(each), 0) / pairs.length;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const varianceX = mean(([x]) => (x - meanX) ** 2);
  const perTurn = Math.max(0, mean(([x, y]) => (x - meanX) * (y - meanY)) / varianceX);
  return { perPost: Math.max(0, meanY - perTurn * meanX), perTurn };
}

export interface Plan {
  readonly postsPerSecond: number;
  /** cells that are posted from at that time */
  readonly cells: number;
  /** a post's later life (accept, handover, lapse …) in commands; each is taken to cost what a post does */
  readonly laterCommands: number;
  /** how long a turn gathers the next one's commands, seconds: the time a turn takes */
  readonly turnSeconds: number;
  /** how full a core is planned to be */
  readonly utilisation: number;
  /** cores of one PostgreSQL server */
  readonly postgresCores: number;
}

export interface Sizes {
  readonly postsPerTurn: number;
  readonly msPerPost: number;
  /** of all processes */
  readonly cores: number;
  /** pods by kind; a pod of Node.js fills one core, its sidecar beside it */
  readonly pods: Readonly<Record<'api' | 'actor-host' | 'relay' | 'worker', number>>;
  readonly postgresServers: number;
  /** Redis is one thread */
  readonly redisServers: number;
  readonly natsCores: number;
  readonly statementsPerSecond: number;
}

const NODE_KINDS = ['api', 'actor-host', 'relay', 'worker'] as const;

export function sizesOf(plan: Plan, costs: ReadonlyMap<string, Cost>): Sizes {
  const commandsPerSecond = plan.postsPerSecond * (1 + plan.laterCommands);
  const perTurn = Math.max(1, (commandsPerSecond / plan.cells) * plan.turnSeconds);
  const ms = (name: string): number => {
    const { perPost, perTurn: turn } = costs.get(name) ?? { perPost: 0, perTurn: 0 };
    return perPost + turn / perTurn;
  };
  const coresOf = (...names: string[]): number =>
    (names.reduce((sum, name) => sum + ms(name), 0) * commandsPerSecond) / 1000;
  const msPerPost = [...costs.keys()].reduce((sum, name) => sum + ms(name), 0);
  const servers = (cores: number, each: number): number => Math.ceil(cores / (each * plan.utilisation));
  const pods = Object.fromEntries(NODE_KINDS.map((kind) => [kind, servers(coresOf(kind), 1)])) as Sizes['pods'];
  return {
    postsPerTurn: perTurn,
    msPerPost,
    cores: (msPerPost * commandsPerSecond) / 1000,
    pods,
    postgresServers: servers(coresOf('postgres'), plan.postgresCores),
    redisServers: servers(coresOf('redis'), 1),
    natsCores: coresOf('nats'),
    statementsPerSecond: commandsPerSecond / perTurn,
  };
}
