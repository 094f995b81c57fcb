/** A law that was broken. */
export interface Breach {
  readonly law: string;
  readonly what: string;
  /** rows and operations that show it */
  readonly evidence: readonly unknown[];
}
