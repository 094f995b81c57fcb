import { language, LANGUAGES, speak, t, type Language } from '../language/language.ts';

export function Languages() {
  return (
    <fieldset>
      <legend>{t('settings.language')}</legend>
      <div class="row">
        {(Object.keys(LANGUAGES) as Language[]).map((each) => (
          <button key={each} lang={each} aria-pressed={language.value === each} onClick={() => speak(each)}>
            {LANGUAGES[each]}
          </button>
        ))}
      </div>
    </fieldset>
  );
}
