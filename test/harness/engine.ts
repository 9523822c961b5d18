/**
 * The engine as the fixtures see it: a build directory in, what it makes of every recipe out.
 *
 * The one place in the tests that has to change when the engine's own interface does.
 */
import type { Answer } from './fixture.ts';

/** Whether `evaluateWorkspace` has an engine behind it. */
export const connected: boolean = false;

/**
 * Evaluates every recipe of a build directory by the rules of one release (`wrynose`, …), with the built-in part
 * of BitBake's library. Answers by absolute virtual file name; a configuration that fails answers under `''`.
 */
export function evaluateWorkspace(
  _buildDir: string,
  _release: string,
  _environment: Readonly<Record<string, string>>,
): Promise<Answer> {
  return Promise.reject(new Error('not connected'));
}
