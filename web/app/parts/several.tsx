interface SeveralProps<Value extends string | number> {
  readonly legend: string;
  readonly all: readonly Value[];
  readonly chosen: readonly Value[];
  readonly words: (value: Value) => string;
  /** in the order of all */
  readonly set: (chosen: readonly Value[]) => void;
}

/** Some of several: check boxes, each a large target. */
export function Several<Value extends string | number>({ legend, all, chosen, words, set }: SeveralProps<Value>) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      <div class="row">
        {all.map((value) => (
          <label key={value}>
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={({ currentTarget }) =>
                set(all.filter((each) => (each === value ? currentTarget.checked : chosen.includes(each))))
              }
            />
            <span>{words(value)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
