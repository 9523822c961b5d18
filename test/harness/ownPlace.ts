/** One directory for all that a test run makes on disk, gone when it is over. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-run-')));
  process.env['TMPDIR'] = place;
  // Nothing of the user's, and nothing of an earlier run.
  process.env['XDG_CACHE_HOME'] = join(place, 'cache');
  return () => rmSync(place, { recursive: true, force: true, maxRetries: 3 });
}
