/** Our signatures in the form of BitBake's signature data, so that both can be compared. */
import type { SignatureData } from './sigdata.ts';
import type { VariantSignatures } from './signatures.ts';

/** What a variant says of a task; with `run`, also what the tasks it depends on add. */
export function ownSignature(
  task: string,
  { tasks, nodes }: VariantSignatures,
  run: SignatureData['run'],
): SignatureData {
  const { basehash, dependencies } = tasks.find((known) => known.task === task)!;
  const own = [task, ...dependencies];
  return {
    task,
    basehash: typeof basehash === 'string' ? basehash : undefined,
    values: new Map(own.map((name) => [name, nodes.get(name)?.value])),
    dependencies: new Map(dependencies.map((name) => [name, nodes.get(name)?.dependencies ?? []])),
    taskDependencies: dependencies,
    ignoredVariables: [],
    ignoredTasks: undefined,
    run,
    taint: undefined,
  };
}
