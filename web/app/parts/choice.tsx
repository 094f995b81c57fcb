interface ChoiceProps<Value extends string> {
  readonly legend: string;
  readonly name: string;
  readonly values: readonly Value[];
  readonly chosen: Value | null;
  readonly words: (value: Value) => string;
  readonly choose: (value: Value) => void;
}

/** One of several, each a large target: radio buttons, to keyboards and screen readers as well. */
export function Choice<Value extends string>({ legend, name, values, chosen, words, choose }: ChoiceProps<Value>) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      <div class="row">
        {values.map((value) => (
          <label key={value}>
            <input type="radio" name={name} checked={value === chosen} onChange={() => choose(value)} />
            <span>{words(value)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
