/**
 * Whether the object of a task is there, and where: what is said of it, and what is wrong on the way.
 *
 * Plain data. Knows nothing of how it is found out (`availability.ts`).
 */

/** The file that BitBake's check looks for, absolute; or why that cannot be told. */
export type ObjectPath = { readonly path: string } | { readonly unknown: string };

/**
 * `unknown`: it could not be found out, which is not the same as `missing`. `age`: how many milliseconds ago a server
 * said so, where it was not asked again.
 */
export type Presence =
  | { readonly kind: 'local'; readonly path: string }
  | {
      readonly kind: 'mirror';
      /** The entry of SSTATE_MIRRORS as it is written there, secrets removed. */
      readonly mirror: string;
      /** Where the object is, secrets removed. */
      readonly uri: string;
      readonly age?: number;
    }
  | { readonly kind: 'missing'; readonly age?: number }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Something that concerns many objects, told once; says what happened, where, and what to do. */
export interface SstateProblem {
  readonly severity: 'error' | 'warning' | 'information';
  /** A stable short name, such as `mirror-failed`. */
  readonly code: string;
  readonly message: string;
}

/** Presences of objects, in the order in which they were asked for. */
export interface Judgement {
  readonly presences: readonly Presence[];
  readonly problems: readonly SstateProblem[];
}
