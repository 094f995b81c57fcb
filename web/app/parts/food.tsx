/** What a donor says of food, once or for every time it posts by itself. */
import {
  CATEGORIES,
  isAskedForTemperature,
  MAX_GRAMS,
  STORAGES,
  type Category,
  type Storage,
} from '#core/words/food.ts';
import { gramsOf } from '../draft.ts';
import { t } from '../language/language.ts';
import { Choice } from './choice.tsx';
import { categoryName } from './offerFacts.tsx';

export type YesNo = 'yes' | 'no';
export const ANSWERS: readonly YesNo[] = ['yes', 'no'];

interface KindProps {
  readonly category: Category;
  readonly storage: Storage;
  readonly chooseCategory: (category: Category) => void;
  readonly chooseStorage: (storage: Storage) => void;
}

export function FoodKind({ category, storage, chooseCategory, chooseStorage }: KindProps) {
  return (
    <>
      <Choice
        legend={t('post.what')}
        name="category"
        values={CATEGORIES}
        chosen={category}
        words={categoryName}
        choose={chooseCategory}
      />
      <Choice
        legend={t('post.storage')}
        name="storage"
        values={STORAGES}
        chosen={storage}
        words={(each) => t(`storage.${each}`)}
        choose={chooseStorage}
      />
    </>
  );
}

export function Note({ note, set }: { readonly note: string; readonly set: (note: string) => void }) {
  return (
    <>
      <label for="note">{t('post.note')}</label>
      <textarea
        id="note"
        rows={2}
        maxLength={500}
        placeholder={t('post.note.hint')}
        value={note}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </>
  );
}

interface SafetyProps {
  readonly name: string;
  readonly storage: Storage;
  readonly question: (storage: AskedStorage) => string;
  readonly answer: YesNo | null;
  readonly choose: (answer: YesNo) => void;
}
type AskedStorage = 'hot' | 'chilled';

/** Hot and chilled food spoils people, not only itself. */
export function Safety({ name, storage, question, answer, choose }: SafetyProps) {
  if (!isAskedForTemperature(storage)) return null;
  return (
    <>
      <Choice
        legend={`${t('post.question')}: ${question(storage)}`}
        name={name}
        values={ANSWERS}
        chosen={answer}
        words={(each) => t(`post.${each}`)}
        choose={choose}
      />
      {answer === 'no' && <p class="tap refused">{t(`post.unsafe.${storage}`)}</p>}
    </>
  );
}

/** null: nothing stands against posting it */
export function foodProblem(kg: string, storage: Storage, answer: YesNo | null): string | null {
  if (gramsOf(kg) === null) return t('post.amount.wrong', { most: MAX_GRAMS / 1000 });
  if (!isAskedForTemperature(storage)) return null;
  if (answer === 'no') return t(`post.unsafe.${storage}`);
  return answer === null ? t('post.answer') : null;
}
