/** File patterns as Python has them (`fnmatch`, `glob`). */
import type { FileSystem } from '../inputs/ports.ts';
import { joinPath } from './files.ts';

const MAGIC = /[*?[]/;

/** One component of a file pattern (`fnmatch`) as a regular expression. */
export function filePattern(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === '*') source += '[\\s\\S]*';
    else if (char === '?') source += '[\\s\\S]';
    else if (char === '[') {
      let end = i + 1;
      if (pattern[end] === '!') end++;
      if (pattern[end] === ']') end++;
      while (end < pattern.length && pattern[end] !== ']') end++;
      if (end >= pattern.length) source += '\\[';
      else {
        const inside = pattern.slice(i + 1, end).replaceAll('\\', '\\\\');
        source += `[${inside.startsWith('!') ? `^${inside.slice(1)}` : inside.replace(/^\^/, '\\^')}]`;
        i = end;
      }
    } else source += char.replace(/[\\^$.|+(){}\]/-]/g, '\\$&');
  }
  return new RegExp(`^(?:${source})$`);
}

/**
 * `glob.glob` of an absolute pattern without `**`: the paths that exist, in no particular order; with a slash at its end
 * directories, with a slash at theirs.
 */
export function glob(pattern: string, files: FileSystem): string[] {
  if (!MAGIC.test(pattern)) return files.stat(pattern) ? [pattern] : [];
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => MAGIC.test(part));
  // What stands before the first pattern stays as it is, slashes that are too many included.
  let found = [parts.slice(0, first).join('/').replace(/\/+$/, '') || '/'];
  for (const part of parts.slice(first).filter((part) => part !== '')) {
    if (!MAGIC.test(part)) {
      found = found.map((directory) => joinPath(directory, part));
      continue;
    }
    const matcher = filePattern(part);
    const hidden = part.startsWith('.');
    found = found.flatMap((directory) =>
      (files.list(directory) ?? [])
        .filter((name) => (hidden || !name.startsWith('.')) && matcher.test(name))
        .map((name) => joinPath(directory, name)),
    );
  }
  if (!pattern.endsWith('/')) return found.filter((path) => files.stat(path));
  return found.filter((path) => files.stat(path)?.kind === 'directory').map((path) => `${path}/`);
}
