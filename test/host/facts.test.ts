/** Facts of the machine that are found, not asked of the system in one call. */
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { hostFacts } from '../../server/src/host/facts.ts';

describe('the Python that runs BitBake', () => {
  const place = mkdtempSync(join(tmpdir(), 'facts-'));
  const found = (...names: string[]) =>
    hostFacts({ PATH: names.map((name) => join(place, name)).join(':') }).pythonExecutable;
  beforeAll(() => {
    for (const name of ['none', 'directory/python3', 'plain', 'linked', 'real'])
      mkdirSync(join(place, name), { recursive: true });
    writeFileSync(join(place, 'plain/python3'), '');
    writeFileSync(join(place, 'real/python3'), '#!/bin/sh\n');
    chmodSync(join(place, 'real/python3'), 0o755);
    symlinkSync(join(place, 'real/python3'), join(place, 'linked/python3'));
  });

  it('is the first of PATH that can be run, as it is named there', () => {
    expect(found('none', 'directory', 'plain', 'linked', 'real')).toBe(join(place, 'linked/python3'));
    expect(found('real', 'linked')).toBe(join(place, 'real/python3'));
  });

  it('is not known where PATH has none', () => {
    expect(found('none', 'directory', 'plain')).toBeUndefined();
    expect(hostFacts({}).pythonExecutable).toBeUndefined();
  });
});
