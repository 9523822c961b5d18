/** The configuration of a build directory as those see it who only hold plain data. */
import { splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import type { BuildConfiguration } from '../metadata/configuration.ts';
import type { ParseContext } from '../metadata/context.ts';
import type { ConfigurationSummary } from './results.ts';

export function summarise(
  options: Pick<ConfigurationSummary, 'buildDir' | 'bitbakeDir'>,
  version: string,
  configuration: BuildConfiguration,
  ctx: ParseContext,
): Omit<ConfigurationSummary, 'identity' | 'values'> {
  const plain = configuration.configurations[0]!;
  const layerDirs = splitWords(textOr(plain.d, 'BBLAYERS', ''));
  return {
    buildDir: options.buildDir,
    bitbakeDir: options.bitbakeDir,
    bitbakeVersion: version,
    machine: textOr(plain.d, 'MACHINE', '') || undefined,
    distro: textOr(plain.d, 'DISTRO', '') || undefined,
    multiconfigs: configuration.configurations
      .filter(({ multiconfig }) => multiconfig !== '')
      .map(({ multiconfig, d }) => ({ name: multiconfig, machine: textOr(d, 'MACHINE', '') || undefined })),
    layers: plain.collections.map(({ name, pattern, priority }) => ({
      name,
      path: layerDirs.find((dir) => pattern.test(`${dir}/`)) ?? '',
      priority,
    })),
    recipes: everyRecipe(configuration),
    problems: ctx.reported(),
    ...(configuration.refused !== undefined && { refused: configuration.refused }),
  };
}

/** The recipe files of all multiconfigs, those of the plain configuration first; each with all its appends. */
function everyRecipe({ configurations }: BuildConfiguration): ConfigurationSummary['recipes'] {
  const appends = new Map<string, Set<string>>();
  for (const { path, appends: own } of configurations.flatMap(({ recipes }) => recipes)) {
    const known = appends.get(path);
    if (!known) appends.set(path, new Set(own));
    else for (const append of own) known.add(append);
  }
  return [...appends].map(([path, all]) => ({ path, appends: [...all] }));
}

/** The text of a variable; `otherwise` where it is unset or cannot be expanded. */
export function textOr(d: Datastore, name: string, otherwise: string): string {
  try {
    return d.getText(name) ?? otherwise;
  } catch {
    return otherwise;
  }
}
