import type { Role } from '../../engine/session.ts';
import type { MessageKey } from '../language/en.ts';
import { t } from '../language/language.ts';
import { route } from '../state.ts';

/** screen → its word; '' is home */
const ENTRIES: Readonly<Record<Role, readonly (readonly [string, MessageKey])[]>> = {
  recipient: [
    ['', 'menu.offers'],
    ['impact', 'menu.impact'],
    ['profile', 'menu.profile'],
    ['settings', 'menu.settings'],
  ],
  donor: [
    ['', 'menu.food'],
    ['post', 'menu.post'],
    ['settings', 'menu.settings'],
  ],
  operator: [
    ['', 'menu.lots'],
    ['partners', 'menu.partners'],
    ['letters', 'menu.letters'],
    ['settings', 'menu.settings'],
  ],
};

export function Menu({ role }: { readonly role: Role }) {
  return (
    <nav aria-label={t('app.menu')}>
      {ENTRIES[role].map(([screen, words]) => (
        <a key={screen} href={`#/${screen}`} aria-current={route.value.screen === screen ? 'page' : undefined}>
          {t(words)}
        </a>
      ))}
    </nav>
  );
}
