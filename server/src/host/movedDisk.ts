/**
 * A build directory as it would be if it lay in another place, with its layers and BitBake: below a prefix, where
 * nothing is on disk. What is read there is read where it really is.
 *
 * Files that name their own place (bblayers.conf and what else a user writes into `conf`) would have been written
 * otherwise there: their texts are given with the places moved.
 */
import { join } from 'node:path';
import type { BuildDirectory } from './buildDirectory.ts';
import { type Disk, PRESENT_DISK } from './disk.ts';

/** A disk on which directories lie below `prefix` as well. Their symbolic links lead to where they would lead there. */
export class MovedDisk implements Disk {
  constructor(
    private readonly prefix: string,
    private readonly disk: Disk,
  ) {}

  realPath(path: string): string | undefined {
    const real = this.disk.realPath(this.actual(path));
    return real !== undefined && this.isMoved(path) ? this.prefix + real : real;
  }

  stat(path: string): ReturnType<Disk['stat']> {
    return this.disk.stat(this.actual(path));
  }

  read(path: string): ReturnType<Disk['read']> {
    return this.disk.read(this.actual(path));
  }

  list(path: string): ReturnType<Disk['list']> {
    return this.disk.list(this.actual(path));
  }

  isRevised(path: string): ReturnType<Disk['isRevised']> {
    return this.disk.isRevised(this.actual(path));
  }

  private isMoved(path: string): boolean {
    return path.startsWith(`${this.prefix}/`);
  }

  private actual(path: string): string {
    return this.isMoved(path) ? path.slice(this.prefix.length) : path;
  }
}

export function movedBuild({ path, bitbakeDir, roots }: BuildDirectory, prefix: string): BuildDirectory {
  return {
    path: prefix + path,
    bitbakeDir: bitbakeDir === undefined ? undefined : prefix + bitbakeDir,
    roots: roots.map((root) => prefix + root),
  };
}

/** A text with every path at or below a root moved below the prefix. */
export function movedText(text: string, { roots }: BuildDirectory, prefix: string): string {
  const places = [...roots]
    .sort((a, b) => b.length - a.length)
    .map((root) => root.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return text.replace(
    new RegExp(`(?<![\\w.-])(?:${places.join('|')})(?![\\w.+-])`, 'g'),
    (place) => prefix + place,
  );
}

/** The files of `conf` that name places: where they would be -> what would be in them. */
export function movedConfiguration(build: BuildDirectory, prefix: string): Map<string, string> {
  const moved = new Map<string, string>();
  const visit = (directory: string): void => {
    for (const name of PRESENT_DISK.list(directory) ?? []) {
      const path = join(directory, name);
      const kind = PRESENT_DISK.stat(path)?.kind;
      if (kind === 'directory') visit(path);
      if (kind !== 'file' || !/\.(conf|inc)$/.test(name)) continue;
      const text = new TextDecoder().decode(PRESENT_DISK.read(path));
      const there = movedText(text, build, prefix);
      if (there !== text) moved.set(prefix + path, there);
    }
  };
  visit(join(build.path, 'conf'));
  return moved;
}
