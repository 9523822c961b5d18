/** Scripts in TypeScript that import from the server, bundled as the build does it, so that they can be run. */
import { build } from 'esbuild';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** @param name of a file of this directory, without `.ts` @returns its exports */
export async function bundled(name) {
  const outfile = join(ROOT, `dist/.${name}.mjs`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [`scripts/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return import(outfile);
}
