import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The layers of `server/ARCHITECTURE.md`, in order: each imports only from those before it. */
const LAYERS = [
  'base',
  'inputs',
  'syntax',
  'datastore',
  'python',
  'shell',
  'metadata',
  'signature',
  'taskgraph',
  'sstate',
  'engine',
  'ide',
  'host',
  'lsp',
  'cli',
];
const ROOT = join(import.meta.dirname, '../server/src');

function sources(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? sources(path) : path.endsWith('.ts') ? [path] : [];
  });
}

function imports(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
}

function layerOf(path: string): string | undefined {
  const parts = relative(ROOT, path).split('/');
  return parts.length > 1 ? parts[0] : undefined;
}

describe('layers', () => {
  const files = sources(ROOT);

  it('are all known', () => {
    const found = new Set(files.map(layerOf).filter((layer) => layer !== undefined));
    expect([...found].filter((layer) => !LAYERS.includes(layer))).toEqual([]);
  });

  it('import one way only', () => {
    const wrong = files.flatMap((file) => {
      const own = layerOf(file);
      if (own === undefined) return [];
      return imports(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => layerOf(join(file, '..', target)))
        .filter((layer) => layer === undefined || LAYERS.indexOf(layer) > LAYERS.indexOf(own))
        .map((layer) => `${relative(ROOT, file)} imports ${layer ?? 'an entry point'}`);
    });
    expect(wrong).toEqual([]);
  });

  it('keep IO in host, and the protocol in lsp', () => {
    const wrong = files.flatMap((file) =>
      imports(file)
        .filter(
          (target) =>
            (/^(node:)?(fs|child_process|net|http|https|worker_threads|tls)(\/|$)|^(chokidar|sql\.js|undici|ws)$/.test(
              target,
            ) &&
              !['host', undefined].includes(layerOf(file))) ||
            (/^vscode-languageserver(?!-textdocument)/.test(target) && layerOf(file) !== 'lsp'),
        )
        .map((target) => `${relative(ROOT, file)} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});
