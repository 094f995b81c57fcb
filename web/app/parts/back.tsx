import { t } from '../language/language.ts';

/** @param to the screen it leads to; left out: the role's first one */
export function Back({ to = '' }: { readonly to?: string }) {
  return (
    <p>
      <a class="button" href={`#/${to}`}>
        {t('app.back')}
      </a>
    </p>
  );
}
