/** The second channel: a text message to a phone, for who is not reached by web push. */
import type { PhoneNumber } from '#core/words/phone.ts';

export interface TextMessage {
  readonly to: PhoneNumber;
  readonly text: string;
  /** the same message again has the same key: the gateway sends it once; at most 36 characters */
  readonly key: string;
  /** how long it is of any use */
  readonly ttlSeconds: number;
}

export type TextOutcome =
  /** the gateway took it, now or before */
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'retry'; readonly because: string; readonly afterMs: number | null }
  /** this number will never be taken */
  | { readonly outcome: 'refused'; readonly because: string };

export interface Texter {
  /** Never throws, and never says the number. */
  send(message: TextMessage): Promise<TextOutcome>;
  close(): Promise<void>;
}
