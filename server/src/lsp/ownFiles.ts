/**
 * Which files are the user's own, and where what he has to say of somebody else's recipe goes.
 *
 * A layer is the user's own where it lies in a folder of the workspace, can be written to and was not cloned from where
 * OE-Core and the like are published. An append goes to the place in the layer that the recipe has in its own.
 */
import type { ConfigurationSummary } from '../engine/results.ts';
import type { GitTexts } from '../host/git.ts';
import { exists, isUpstream, isWritable } from '../host/ownership.ts';
import { canonicalPath } from '../host/sources.ts';
import type { Build } from './build.ts';

/** An append of the user's own. */
export interface Append {
  readonly path: string;
  readonly layer: string;
  /** Whether there is such a file. */
  readonly exists: boolean;
}

type Layer = ConfigurationSummary['layers'][number];

export class OwnFiles {
  private readonly folders: readonly string[];

  constructor(
    private readonly build: Build,
    private readonly summary: ConfigurationSummary,
    folders: readonly string[],
    private readonly git: GitTexts,
  ) {
    this.folders = folders.map(canonicalPath);
  }

  async isOwn(path: string): Promise<boolean> {
    const layer = this.layerOf(path);
    // What is in no layer is nobody else's: an included file, a file of the build directory.
    return layer === undefined || this.isOwnLayer(layer);
  }

  /** For each layer of the user's own, the append that a recipe has in it, or would have. */
  async appends(recipe: string): Promise<Append[]> {
    const home = this.layerOf(recipe);
    const known = this.summary.recipes.find(({ path }) => path === recipe)?.appends ?? [];
    const found: Append[] = [];
    for (const layer of this.summary.layers) {
      if (layer === home || layer.path === '' || !(await this.isOwnLayer(layer))) continue;
      const own = known.filter((append) => this.layerOf(append) === layer);
      if (own.length > 0) {
        found.push(...own.map((path) => ({ path, layer: layer.name, exists: true })));
        continue;
      }
      const path = `${layer.path}/${appendName(recipe, home)}`;
      if (!exists(path) && (await this.build.isNamed(path, layer.path)))
        found.push({ path, layer: layer.name, exists: false });
    }
    return found;
  }

  private layerOf(path: string): Layer | undefined {
    return this.summary.layers
      .filter((layer) => layer.path !== '' && path.startsWith(`${layer.path}/`))
      .sort((a, b) => b.path.length - a.path.length)[0];
  }

  private async isOwnLayer({ path }: Layer): Promise<boolean> {
    const isOpen =
      this.folders.length === 0 || this.folders.some((folder) => `${path}/`.startsWith(`${folder}/`));
    return isOpen && isWritable(path) && !(await isUpstream(path, this.git));
  }
}

/** `recipes-core/zlib/zlib_%.bbappend` for `…/recipes-core/zlib/zlib_1.3.bb`: of any version. */
function appendName(recipe: string, home: Layer | undefined): string {
  const inside = home ? recipe.slice(home.path.length + 1) : recipe.slice(recipe.lastIndexOf('/') + 1);
  const name = inside.replace(/\.bb$/, '');
  const version = name.indexOf('_', name.lastIndexOf('/') + 1);
  return version < 0 ? `${name}.bbappend` : `${name.slice(0, version)}_%.bbappend`;
}
