/** Loaded into our processes by --import when a bug is planted: changes the text of modules on their way in. */
import { registerHooks } from 'node:module';

interface Mutation {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const mutations = JSON.parse(process.env['FAULTS_MUTATIONS'] ?? '[]') as readonly Mutation[];

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context);
    const wanted = mutations.filter(({ file }) => url.endsWith(`/${file}`));
    if (wanted.length === 0) return loaded;
    let source =
      typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
    for (const { file, from, to } of wanted) {
      if (!source.includes(from)) throw new Error(`${file} has no place for the planted bug any more: ${from}`);
      source = source.replace(from, () => to);
    }
    return { ...loaded, source };
  },
});
