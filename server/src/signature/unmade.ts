/** Why hashes cannot be made again without an evaluation, for those who look into it. */
export class Unmade extends Error {
  override readonly name = 'Unmade';
}
