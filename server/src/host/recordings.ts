/** Files that BitBake or a recorder left: tables of hashes and signature data, decompressed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Decompress, decompress } from 'fzstd';

const ZSTD_MAGIC = 0xfd2fb528;

/** The text of a file, decompressed where it is zstd. @throws Error of the file system or of the decompressor */
export function readRecording(path: string): string {
  const bytes = readFileSync(path);
  const compressed = bytes.length > 4 && bytes.readUInt32LE(0) === ZSTD_MAGIC;
  return new TextDecoder().decode(compressed ? decompress(bytes) : bytes);
}

/**
 * The text of what somebody sent, decompressed where it is zstd.
 * @throws Error of the decompressor, or where it comes to more than so many bytes
 */
export function recordedText(sent: Uint8Array, mostBytes: number): string {
  const bytes = Buffer.from(sent.buffer, sent.byteOffset, sent.byteLength);
  if (bytes.length <= 4 || bytes.readUInt32LE(0) !== ZSTD_MAGIC) return new TextDecoder().decode(bytes);
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream = new Decompress((part) => {
    size += part.length;
    if (size > mostBytes) throw new RangeError(`decompressed it is more than ${mostBytes} bytes`);
    parts.push(part.slice());
  });
  stream.push(bytes, true);
  return new TextDecoder().decode(Buffer.concat(parts));
}

/** Signature data files of one task below a directory. */
export function signatureDataFiles(directory: string, task: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return signatureDataFiles(path, task);
    const named = entry.name.includes(`.${task}.sigdata`) || entry.name.includes(`.${task}.sigbasedata`);
    const inSstate = entry.name.endsWith('.siginfo') && entry.name.includes(`_${task.slice(3)}.`);
    return named || inSstate ? [path] : [];
  });
}
