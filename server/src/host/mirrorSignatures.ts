/**
 * Signature data that BitBake left, in directories and beside objects on servers.
 *
 * What servers send is kept in memory only. It counts where it is signature data of the very task and hash that it was
 * asked for as; anything else is said, once for each file, and left alone.
 */
import type { ObjectNames } from '../engine/objectNames.ts';
import type { RecordedSignatures, WantedSignature } from '../engine/ownSignatures.ts';
import { parseSignatureData, type SignatureData } from '../signature/sigdata.ts';
import type { MirrorContent, MirrorContents } from '../sstate/mirrorContents.ts';
import { taskId } from '../sstate/sceneGraph.ts';
import { nameAt, recipeAt, type TaskGraph } from '../taskgraph/graph.ts';
import { recordedText } from './recordings.ts';
import type { SignatureFiles } from './signatureFiles.ts';

/** Of one file, as it is sent and decompressed. BitBake's are some 100 kB. */
const MOST_SENT = 16 * 1024 * 1024;
const MOST_TEXT = 4 * MOST_SENT;
/** So many files are asked for in all: a change at the root of everything changes thousands. */
const MOST_FILES = 500;
const AT_ONCE = 16;

/** Who is told of what is going on. */
export interface SearchTold {
  /** What is being done; undefined: it has ended. */
  progress(text: string | undefined): void;
  /** Something that is wrong, in a sentence. */
  note(text: string): void;
}

/** A file beside an object. */
export interface SignatureOnMirror {
  /** What it would be in SSTATE_DIR. */
  readonly path: string;
  /** `do_package`. */
  readonly task: string;
  readonly hash: string;
}

export class MirrorSignatures implements RecordedSignatures {
  private readonly read = new Map<string, SignatureData>();
  private readonly said = new Set<string>();
  private asked = 0;

  /** @param contents undefined: no server is asked */
  constructor(
    private readonly files: SignatureFiles,
    private readonly contents: MirrorContents | undefined,
    private readonly names: ObjectNames,
    private readonly graph: TaskGraph,
    private readonly told: SearchTold,
    private readonly signal: AbortSignal | undefined,
  ) {}

  find(hash: string): SignatureData | undefined {
    return this.files.find(hash) ?? this.read.get(hash);
  }

  async load(wanted: readonly WantedSignature[]): Promise<void> {
    if (!this.contents) return;
    const { graph, names } = this;
    const paths = await names.paths(
      wanted.map(({ task, hash }) => ({
        tid: taskId(graph, task),
        hashFilename: recipeAt(graph, task).hashFilename,
        taskhash: hash,
        unihash: hash,
      })),
      { siginfo: true, ...(this.signal && { signal: this.signal }) },
    );
    await this.fetch(
      wanted.flatMap(({ task, hash }, at) => {
        const found = paths[at]!;
        return 'path' in found ? [{ path: found.path, task: nameAt(graph, task), hash }] : [];
      }),
    );
  }

  /** Asks servers; what they have is found from then on. @throws the reason of the signal when it is aborted */
  async fetch(wanted: readonly SignatureOnMirror[]): Promise<void> {
    const { contents, told, signal } = this;
    if (!contents) return;
    const some = wanted.slice(0, MOST_FILES - this.asked);
    this.asked += some.length;
    let next = 0;
    const work = async () => {
      while (next < some.length) {
        told.progress(`Reading signature data from servers: ${next + 1} of ${some.length}`);
        const one = some[next++]!;
        const { content, failures } = await contents.read(one.path, MOST_SENT, signal);
        for (const failure of failures) this.say(`${failure}: signature data there is not read`);
        if (content) this.take(content, one);
      }
    };
    const count = Math.min(AT_ONCE, contents.concurrency, some.length);
    await Promise.all(Array.from({ length: count }, work));
    told.progress(undefined);
    if (some.length < wanted.length) {
      this.say(`more than ${MOST_FILES} tasks differ: signature data of the others is not read from servers`);
    }
  }

  private take({ uri, bytes }: MirrorContent, { task, hash }: SignatureOnMirror): void {
    let data: SignatureData;
    try {
      data = parseSignatureData(recordedText(bytes, MOST_TEXT));
    } catch {
      this.say(
        `${uri} is no signature data that can be read: it is left alone. Look at what the server sends`,
      );
      return;
    }
    if (data.task !== task || (data.run?.unihash !== hash && data.run?.taskhash !== hash)) {
      this.say(`${uri} is signature data of another task or hash than its name says: it is left alone`);
      return;
    }
    this.read.set(hash, data);
  }

  private say(text: string): void {
    if (this.said.has(text)) return;
    this.said.add(text);
    this.told.note(`warning: ${text}`);
  }
}
