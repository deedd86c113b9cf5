// The library's door to images: the root of a machine and the options with which its program starts.

import { startedWith } from "../../image/start.ts";
import type { HostTree } from "../../kernel/fs/types/host-tree.ts";
import type { ProgramOptions } from "../../machine/options.ts";
import { bytesOf } from "../../machine/size.ts";
import { Problem } from "../../problem.ts";
import { openImage } from "./image.ts";

/** An opened image. */
export interface HostImage {
  readonly root: HostTree;
  /** The path of its program: the first word of its entrypoint, or of its command. */
  readonly program: string;
  /** The start of the program: arguments, environment, working directory, user. */
  readonly options: ProgramOptions;
  /** Removes its temporary file. Call it after the runs. */
  close(): void;
}

/**
 * An image for `root` of a machine: output of docker save, an OCI layout (archive or directory), or a tar
 * archive. `command` replaces the image's command, not its entrypoint. `most` limits the unpacked bytes
 * (default 16G).
 *
 * @throws {Problem} The image is damaged or too large, or names no program.
 *
 * @example
 * const image = await hostImage("app.tar");
 * const run = await Machine.run(image.program, { ...image.options, root: image.root });
 * image.close();
 */
export const hostImage = async (
  path: string,
  { command, most = "16G" }: { readonly command?: readonly string[]; readonly most?: number | string } = {},
): Promise<HostImage> => {
  const bytes = bytesOf(most);
  if (bytes === undefined) throw new Problem("bad-property-value", `most must be a size such as "1G", not ${JSON.stringify(most)}`);
  const { tree, start, close } = await openImage(path, bytes);
  const { path: program, program: options } = startedWith(start, { args: command ?? [] });
  if (program === undefined) {
    close();
    throw new Problem("missing-argument", "which program?", { help: "the image names none: command: [PROGRAM, …] does" });
  }
  return { root: tree, program, options, close };
};
