/**
 * What looks for objects on behalf of all requests of a session: opened once, kept with what servers have said, and
 * opened anew where the configuration says otherwise (SSTATE_DIR, SSTATE_MIRRORS, proxies, hash equivalence). Asks nothing
 * by itself.
 */
import { ObjectNames } from '../engine/objectNames.ts';
import type { ConfigurationSummary } from '../engine/results.ts';
import type { Workspace } from '../engine/workspace.ts';
import { objectConfiguration, openObjects, type OpenObjects } from '../host/objects.ts';
import type { FileSystem } from '../inputs/ports.ts';
import type { EquivalenceSettings } from '../sstate/equivalenceSettings.ts';
import type { ServedUnihashes } from '../sstate/hashEquivalence.ts';

export class ObjectAccess {
  private opened: { readonly key: string; readonly objects: OpenObjects } | undefined;
  private named: { readonly summary: ConfigurationSummary; readonly names: ObjectNames } | undefined;
  private served: { readonly key: string; readonly answers: ServedUnihashes } | undefined;

  constructor(
    private readonly workspace: Workspace,
    private readonly environment: Readonly<Record<string, string | undefined>>,
  ) {}

  /** Objects of the present configuration. What was opened for another one is closed. */
  async objects(summary: ConfigurationSummary, files: FileSystem): Promise<OpenObjects> {
    const configuration = await objectConfiguration(this.workspace, summary, files, this.environment);
    const key = JSON.stringify(configuration);
    if (this.opened?.key !== key) {
      void this.opened?.objects.close();
      this.opened = { key, objects: openObjects(configuration, false) };
    }
    return this.opened.objects;
  }

  /** Names of objects, by the classes of the present configuration. */
  names(summary: ConfigurationSummary): ObjectNames {
    if (this.named?.summary !== summary) this.named = { summary, names: new ObjectNames(this.workspace) };
    return this.named.names;
  }

  /** What the hash equivalence server of these settings has said. */
  servedBy(settings: EquivalenceSettings): ServedUnihashes {
    const key = JSON.stringify(settings);
    if (this.served?.key !== key) this.served = { key, answers: new Map() };
    return this.served.answers;
  }

  dispose(): void {
    void this.opened?.objects.close();
    this.opened = undefined;
  }
}
