/** Files of recorded hashes, as the commands that compare with them read them. */
import { readRecording } from '../host/recordings.ts';
import { CommandError } from './output.ts';

/** @throws CommandError where it cannot be read, or `parse` refuses it */
export function readRecorded<T>(file: string, parse: (text: string) => T): T {
  try {
    return parse(readRecording(file));
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${(error as Error).message}`);
  }
}
