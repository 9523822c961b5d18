/** An evaluator that runs Python and nothing else; bundled and started by `pythonProcess.test.ts`. */
import type { Value } from '../../server/src/datastore/value.ts';
import { noteWhere, serve } from '../../server/src/host/evaluatorPort.ts';
import { hostFacts } from '../../server/src/host/facts.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { BUILT_IN_VERSION, releaseOf } from '../../server/src/metadata/release.ts';
import { readPythonAssets } from '../../server/src/host/pythonAssets.ts';
import type { PythonRuntime } from '../../server/src/python/runtime.ts';
import { PythonError } from '../../server/src/python/runtime.ts';
import { createSandbox } from '../../server/src/python/sandbox.ts';

let python: PythonRuntime;
const values = new Map<string, Value>();

/** `getVar` of a number goes back into Python, that many times. */
function call(operation: string, d: number, [name, value]: readonly Value[]): Value {
  const depth = Number(name);
  if (operation === 'setVar') values.set(String(name), value);
  else if (depth > 0) return python.evaluate(`d.getVar("${depth - 1}") + "."`, d, undefined);
  return depth === 0 ? 'end' : values.get(String(name));
}

serve({
  async start({ interpreter, modules, layer }: Record<'interpreter' | 'modules' | 'layer', string>) {
    python = await createSandbox({
      ...readPythonAssets(interpreter, modules),
      files: new HostFiles([layer]),
      facts: hostFacts({ PATH: '/usr/bin' }),
      datastore: { call },
      bitbakeLibrary: undefined,
      traits: releaseOf(BUILT_IN_VERSION).python,
      roots: [layer],
      scratch: [],
      cwd: layer,
      limits: {
        memoryBytes: 256 << 20,
        stackBytes: 384 << 10,
        milliseconds: 1_000,
        longestMilliseconds: 1_000,
        messages: 10,
      },
      say: () => undefined,
      enter: noteWhere,
    });
    python.checkpoint();
  },
  run(text: string) {
    try {
      python.restore();
      python.define(text, { file: '/layer/x.bb', line: 1 });
      return 'done';
    } catch (error) {
      if (!(error instanceof PythonError)) throw error;
      return [error.type, error.frame?.line];
    }
  },
  evaluate(expression: string) {
    python.restore();
    return python.evaluate(expression, 1, 'VALUE');
  },
});
