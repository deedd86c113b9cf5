// The bytes that an image may unpack to. A user's limit is exact. Without one the packed size decides, so a
// bomb of some megabytes does not fill the place for temporary files.
import { Problem } from "../problem.ts";

/** Bytes that any image may unpack to, for each packed byte more, and never more than all. */
const ALWAYS = 2 ** 30;
const RATIO = 64;
const NEVER = 16 * 2 ** 30;

const sizeText = (bytes: number): string =>
  bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30} GiB` : bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes} bytes`;

/**
 * The limit of one image. `option` is the name of the option that sets another one.
 *
 * @example
 * const limit = new UnpackLimit("--image-size");
 * limit.packed(2 ** 26);    // a layer of 64 MiB
 * limit.check(2 ** 31);     // may unpack to 4 GiB
 */
export class UnpackLimit {
  readonly #option: string;
  readonly #most: number | undefined;
  #packed = 0;

  constructor(option: string, most?: number) {
    this.#option = option;
    this.#most = most;
  }
  /** Bytes that it may unpack to. */
  get most(): number {
    return this.#most ?? Math.min(NEVER, Math.max(ALWAYS, RATIO * this.#packed));
  }
  /** So many packed bytes are a part of the image. */
  packed(bytes: number): void {
    this.#packed += bytes;
  }
  /** @throws {Problem} More than the limit are unpacked. */
  check(unpacked: number): void {
    if (unpacked <= this.most) return;
    throw new Problem("bad-image", `the image unpacks to more than ${sizeText(this.most)}`, { help: `${this.#option} sets another limit` });
  }
}
