import { localTime } from '#core/matching/hours.ts';

/** Who is texted in which language. */
export type TextLanguage = 'id' | 'en';
export const TEXTED = ['offer', 'reminder', 'withdrawn'] as const;
export type Texted = (typeof TEXTED)[number];

interface TextFacts {
  readonly language: TextLanguage;
  readonly timeZone: string;
  /** unix ms; until when to answer */
  readonly deadlineMs: number;
  readonly link: string;
}

/** One SMS each (160 characters of GSM-7 with a link of 60), without names or places: a phone may lie on a counter. */
export function textOf(type: Texted, { language, timeZone, deadlineMs, link }: TextFacts): string {
  const until = localTime(timeZone, deadlineMs);
  const texts: Record<TextLanguage, Record<Texted, string>> = {
    id: {
      offer: `Pahlawan Pangan: ada makanan untuk Anda. Jawab sebelum ${until.replace(':', '.')}: ${link}`,
      reminder: `Pahlawan Pangan: makanan yang Anda ambil masih menunggu. ${link}`,
      withdrawn: `Pahlawan Pangan: makanan tidak jadi untuk Anda; tidak perlu datang. ${link}`,
    },
    en: {
      offer: `Pahlawan Pangan: there is food for you. Answer before ${until}: ${link}`,
      reminder: `Pahlawan Pangan: food that you took is still waiting. ${link}`,
      withdrawn: `Pahlawan Pangan: the food is not for you any more; you need not come. ${link}`,
    },
  };
  return texts[language][type];
}
