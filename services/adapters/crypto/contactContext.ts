/** What a sealed contact is bound to: a cipher moved to another organisation's row doesn't open. */
export function contactContext(kind: 'donor' | 'recipient', id: string): string {
  return `contact:${kind}:${id}`;
}

/** The same of the number a recipient is texted at. */
export function phoneContext(recipientId: string): string {
  return `phone:recipient:${recipientId}`;
}
