/** What happens to the files of a layer while people work on it, and what takes it back. */
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { damaged } from './mutations.ts';

/** Does something to the files of the sample workspace's layer. @returns what takes it back */
export function disturb(folder: string, random: () => number): () => void {
  const below = (limit: number) => Math.floor(random() * limit);
  const layer = join(folder, 'meta-sample');
  const all = readdirSync(layer, { recursive: true, encoding: 'utf8' })
    .map((name) => join(layer, name))
    .filter((path) => lstatSync(path).isFile());
  const path = all[below(all.length)]!;
  const before = readFileSync(path);
  const putBack = () => {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, before);
  };
  const text = before.toString();
  const stem = path.slice(path.lastIndexOf('/') + 1).replace(/_.*|\..*/, '');
  switch (below(10)) {
    case 0:
      writeFileSync(path, `# a comment\n${text}`);
      return putBack;
    case 1:
      appendFileSync(path, `\nX${below(1000)} = "1"\n`);
      return putBack;
    case 2: {
      const [, damage = ''] = [...damaged([text], text.split('\n').length + 2, below(1000))].slice(-2);
      writeFileSync(path, damage);
      return putBack;
    }
    case 3:
      rmSync(path);
      return putBack;
    case 4: {
      const other = `${path}.moved`;
      renameSync(path, other);
      symlinkSync(other, path);
      return () => {
        rmSync(other);
        putBack();
      };
    }
    case 5: {
      const append = join(dirname(path), `${stem}_%.bbappend`);
      writeFileSync(append, `Y${below(1000)} = "1"\n`);
      return () => rmSync(append, { force: true });
    }
    case 6: {
      const directory = join(layer, 'recipes-sample', `new${below(1000)}`);
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'new_1.0.bb'), 'LICENSE = "MIT"\n');
      return () => rmSync(directory, { recursive: true, force: true });
    }
    case 7:
      utimesSync(path, 1_000_000, 1_000_000 + below(1000));
      return () => undefined;
    case 8:
      chmodSync(path, 0o755);
      return () => chmodSync(path, 0o644);
    default: {
      // A class of the same name where it is looked for first.
      const shadow = join(folder, 'build/classes', `${stem}.bbclass`);
      mkdirSync(dirname(shadow), { recursive: true });
      writeFileSync(shadow, `SHADOW = "1"\n`);
      return () => rmSync(shadow, { force: true });
    }
  }
}
