/**
 * Code analysis for signatures, each text analysed once: the shell analyser and Python's, joined.
 */
import { FatalError } from '../datastore/errors.ts';
import type { InlineEvaluator } from '../metadata/inline.ts';
import type { PythonAnalysis } from '../python/runtime.ts';
import { analyseShell, type ShellTraits } from '../shell/analysis.ts';
import type { CodeAnalysis } from '../signature/dependencies.ts';

export class RememberedAnalysis implements CodeAnalysis {
  private readonly shells = new Map<string, ReturnType<typeof analyseShell>>();
  constructor(
    private readonly inline: InlineEvaluator,
    private readonly traits: ShellTraits,
  ) {}

  python(text: string, variable: string): PythonAnalysis {
    return this.inline.analysis(text, variable);
  }

  shell(text: string, variable: string): Iterable<string> {
    let found = this.shells.get(text);
    if (!found) {
      found = analyseShell(text, this.traits);
      this.shells.set(text, found);
    }
    if (found.problem)
      throw new FatalError(`${variable} is no shell that BitBake can read: ${found.problem.message}`);
    return found.execs;
  }
}
