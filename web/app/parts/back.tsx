import { t } from '../language/language.ts';

/** The way to the role's first screen. */
export function Back() {
  return (
    <p>
      <a class="button" href="#/">
        {t('app.back')}
      </a>
    </p>
  );
}
