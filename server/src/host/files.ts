/**
 * The file system of the host, read only, confined to given roots and remembered.
 *
 * What has been read is kept until `forget`: everything read in between belongs to one state of the files,
 * however long an evaluation takes. The texts of open editors lie over what is on disk. Confinement is by real
 * path: a symbolic link that leads out of the roots leads nowhere.
 */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import type { FileStat, FileSystem } from '../inputs/ports.ts';

export class HostFiles implements FileSystem {
  /** Path -> its status; null: not there. Valid until `forget` of the path. */
  private readonly stats = new Map<string, FileStat | null>();
  private readonly contents = new Map<string, Uint8Array | null>();
  private readonly texts = new Map<string, string>();
  private readonly lists = new Map<string, readonly string[] | null>();
  private readonly realPaths = new Map<string, string | null>();
  private readonly overlays = new Map<string, { readonly text: string; readonly bytes: Uint8Array }>();
  private readonly roots: readonly string[];

  /** @param roots directories; nothing outside is ever read */
  constructor(roots: readonly string[]) {
    this.roots = [...new Set(roots.flatMap((root) => [root, real(root) ?? root]))];
  }

  stat(path: string): FileStat | undefined {
    const overlay = this.overlays.get(path);
    const found = recall(this.stats, path, () => {
      const target = this.realPath(path);
      return target === undefined ? null : attempt(() => statOf(target));
    });
    if (!overlay) return found;
    const size = overlay.bytes.length;
    return found ? { ...found, size } : { kind: 'file', size, mtimeMs: 0, executable: false };
  }

  readText(path: string): string | undefined {
    const overlay = this.overlays.get(path);
    if (overlay) return overlay.text;
    let text = this.texts.get(path);
    if (text === undefined) {
      const bytes = this.readBytes(path);
      if (!bytes) return undefined;
      text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
      this.texts.set(path, text);
    }
    return text;
  }

  readBytes(path: string): Uint8Array | undefined {
    const overlay = this.overlays.get(path);
    if (overlay) return overlay.bytes;
    return recall(this.contents, path, () => {
      const target = this.realPath(path);
      return target === undefined ? null : attempt(() => new Uint8Array(readFileSync(target)));
    });
  }

  list(directory: string): readonly string[] | undefined {
    return recall(this.lists, directory, () => {
      const target = this.realPath(directory);
      return target === undefined ? null : attempt(() => readdirSync(target).sort());
    });
  }

  realPath(path: string): string | undefined {
    if (this.overlays.has(path)) return path;
    return recall(this.realPaths, path, () => {
      // Asking for the real path of what is outside would already be a look outside.
      if (!this.inside(path)) return null;
      const target = real(path);
      return target !== undefined && this.inside(target) ? target : null;
    });
  }

  /** Lays an editor's text over a file, or takes it away again. */
  setOverlay(path: string, text: string | undefined): void {
    if (text === undefined) this.overlays.delete(path);
    else this.overlays.set(path, { text, bytes: new TextEncoder().encode(text) });
  }

  /** Forgets what was read of these paths (and of their directories), or of all. */
  forget(paths?: readonly string[]): void {
    const caches = [this.stats, this.contents, this.texts, this.lists, this.realPaths];
    for (const cache of caches) {
      if (!paths) cache.clear();
      for (const path of paths ?? []) {
        cache.delete(path);
        cache.delete(path.slice(0, path.lastIndexOf('/')) || '/');
      }
    }
  }

  private inside(path: string): boolean {
    return this.roots.some((root) => path === root || path.startsWith(root === '/' ? '/' : `${root}/`));
  }
}

function recall<T>(cache: Map<string, T | null>, key: string, read: () => T | null): T | undefined {
  let value = cache.get(key);
  if (value === undefined) {
    value = read();
    cache.set(key, value);
  }
  return value ?? undefined;
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function real(path: string): string | undefined {
  return attempt(() => realpathSync.native(path)) ?? undefined;
}

function statOf(path: string): FileStat {
  const stat = statSync(path);
  return {
    kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other',
    size: stat.size,
    mtimeMs: stat.mtimeMs,
    executable: (stat.mode & 0o111) !== 0,
  };
}
