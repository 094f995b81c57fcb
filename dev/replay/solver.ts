import loadHighs from 'highs';

/** One thing to decide: how much of it, between 0 and `upper`. */
export interface Column {
  /** per unit */
  readonly value: number;
  readonly upper: number;
  /** a whole number of it */
  readonly whole: boolean;
  /** which limits it counts against, and how much a unit of it does */
  readonly uses: readonly (readonly [limit: number, amount: number])[];
}

export interface Problem {
  readonly columns: readonly Column[];
  /** what each limit allows in all */
  readonly limits: readonly number[];
}

/** @returns how much of each column makes the sum of values largest */
export type Maximize = (problem: Problem) => Float64Array;

/** HiGHS (Huangfu and Hall, Math. Prog. Comp. 10, 2018), compiled to WebAssembly: the same problem, the same answer. */
export async function loadSolver(): Promise<Maximize> {
  // Its types describe the CommonJS build, where the loader is `default`; Node gives us the ES module.
  const highs = await (loadHighs as unknown as typeof loadHighs.default)();
  return ({ columns, limits }) => {
    const starts = new Int32Array(columns.length + 1);
    columns.forEach((column, n) => (starts[n + 1] = (starts[n] ?? 0) + column.uses.length));
    const uses = columns.flatMap((column) => column.uses);
    const matrix = {
      format: 'csc' as const,
      numRows: limits.length,
      numCols: columns.length,
      starts,
      indices: Int32Array.from(uses, ([limit]) => limit),
      values: Float64Array.from(uses, ([, amount]) => amount),
    };
    const { continuous, integer } = highs.constants.variableType;
    const model = highs.createModel({
      numCols: columns.length,
      numRows: limits.length,
      sense: highs.constants.objectiveSense.maximize,
      colCost: Float64Array.from(columns, (column) => column.value),
      colLower: new Float64Array(columns.length),
      colUpper: Float64Array.from(columns, (column) => column.upper),
      rowLower: new Float64Array(limits.length).fill(-highs.infinity),
      rowUpper: Float64Array.from(limits),
      matrix,
      integrality: columns.map((column) => (column.whole ? integer : continuous)),
    });
    try {
      model.options.set({ output_flag: false });
      model.run();
      if (model.getModelStatus() !== highs.constants.modelStatus.optimal) throw new Error('HiGHS found no optimum');
      return model.getSolution().colValue;
    } finally {
      model.dispose();
    }
  };
}
