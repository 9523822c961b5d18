/** `npm run soak`: see `soak.ts`, which is bundled and run. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { bundled, ROOT } from './bundled.mjs';

execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
const { soak } = await bundled('soak');
process.exitCode = (await soak(ROOT, process.argv.slice(2))) ? 0 : 1;
