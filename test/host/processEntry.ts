/** An evaluator with methods that misbehave on purpose; bundled and started by `evaluatorProcess.test.ts`. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { noteWhere, serve, tellProgress } from '../../server/src/host/evaluatorPort.ts';

let state = 'fresh';

function attempt(action: () => unknown): string {
  try {
    return String(action());
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function depth(n: number): number {
  return n === 0 ? 0 : 1 + depth(n - 1);
}

serve({
  echo: (params: unknown) => params,
  set: (params: string) => (state = params),
  get: () => state,
  fail: () => {
    throw new RangeError('as asked');
  },
  progress: () => tellProgress({ done: 1, of: 2 }),
  loop: (where: string) => {
    noteWhere(where);
    for (;;);
  },
  work: (milliseconds: number) => {
    for (let end = process.cpuUsage().user + milliseconds * 1000; process.cpuUsage().user < end;) {
      noteWhere('/layer/x.bb:1');
    }
    return 'done';
  },
  exhaust: () => {
    noteWhere('/layer/big.bb:3');
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(10_000).fill({}).map(() => ({ size: kept.length })));
  },
  exit: () => process.exit(7),
  environment: () => Object.keys(process.env),
  read: (path: string) => attempt(() => readFileSync(path, 'utf8')),
  list: (path: string) => attempt(() => readdirSync(path).sort()),
  write: (path: string) => attempt(() => writeFileSync(path, 'x')),
  spawn: () => attempt(() => spawnSync('/bin/true').status),
  depth: (n: number) => depth(n),
});
