/** E.164: `+`, country, number; 8 to 15 digits in all. */
export type PhoneNumber = string & { readonly brand: 'PhoneNumber' };

/** @param text E.164, with spaces, dots, hyphens and brackets as people write them. null: it is none */
export function parsePhone(text: string): PhoneNumber | null {
  const bare = bareOf(text);
  return /^\+[1-9][0-9]{7,14}$/.test(bare) ? (bare as PhoneNumber) : null;
}

/** As typed at home: `0812…` in Indonesia is `+62 812…`. @param timeZone of who types */
export function parsePhoneAt(text: string, timeZone: string): PhoneNumber | null {
  const isIndonesian = /^Asia\/(Jakarta|Pontianak|Makassar|Jayapura)$/.test(timeZone);
  const bare = bareOf(text);
  return parsePhone(isIndonesian && /^0[1-9]/.test(bare) ? `+62${bare.slice(1)}` : bare);
}

function bareOf(text: string): string {
  return text.replace(/[\s().-]/g, '');
}
