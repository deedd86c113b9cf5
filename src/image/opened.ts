// An opened image, as users of the library see it. OCI image specification, "Image Configuration".
import type { HostTree } from "../kernel/fs/types/host-tree.ts";

/** The start of the image's program by its configuration, with users' names resolved in the image. */
export interface ImageStart {
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly cwd: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}
/** The files of an archive or an image, and the start of its program. */
export interface OpenedImage {
  /** The root directory, for the option `root` of a machine. */
  readonly tree: HostTree;
  /** A plain archive names no program. */
  readonly start: ImageStart;
}
