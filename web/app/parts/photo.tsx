import { useEffect, useState } from 'preact/hooks';
import { readPicture } from '../../engine/api.ts';
import { t } from '../language/language.ts';
import { shrink } from '../shrink.ts';

/** A picture as long as it is shown; its bytes are given back after. */
function useUrl(picture: Blob | null): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (picture === null) return setUrl(null);
    const made = URL.createObjectURL(picture);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [picture]);
  return url;
}

/** The food's photo, where there is one yet: it may come after its post, or be gone. */
export function Photo({ lotId }: { readonly lotId: string }) {
  const [picture, setPicture] = useState<Blob | null>(null);
  useEffect(() => {
    void readPicture(`/v1/surplus/${lotId}/photo`).then(setPicture, () => undefined);
  }, [lotId]);
  const url = useUrl(picture);
  return url === null ? null : <img class="photo" src={url} alt={t('photo.of')} />;
}

interface TakePhotoProps {
  readonly photo: Blob | null;
  readonly take: (photo: Blob | null) => void;
}

/** The phone's own camera or gallery; made small here, before it is kept or sent. */
export function TakePhoto({ photo, take }: TakePhotoProps) {
  const [failed, setFailed] = useState(false);
  const url = useUrl(photo);
  const chosen = async (input: HTMLInputElement): Promise<void> => {
    const [file] = input.files ?? [];
    input.value = '';
    if (file === undefined) return;
    try {
      take(await shrink(file));
      setFailed(false);
    } catch {
      setFailed(true);
    }
  };
  return (
    <>
      {url !== null && <img class="photo" src={url} alt={t('photo.of')} />}
      <p class="row">
        <label class="button file">
          {t(photo === null ? 'photo.take' : 'photo.again')}
          <input type="file" accept="image/*" onChange={(event) => void chosen(event.currentTarget)} />
        </label>
        {photo !== null && (
          <button type="button" onClick={() => take(null)}>
            {t('photo.drop')}
          </button>
        )}
      </p>
      <p role="alert">{failed ? t('photo.failed') : ''}</p>
    </>
  );
}
