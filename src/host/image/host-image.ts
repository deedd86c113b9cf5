// The library's door to images: the root of a machine and the options with which its program starts.

import { type AbortSignalLike, WorkBudget } from "../../budget.ts";
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

/** Options of an image. */
export interface ImageOptions {
  /** Replaces the image's command, not its entrypoint. */
  readonly command?: readonly string[];
  /**
   * Limit of the unpacked bytes, such as "2G". By default 64 bytes for each packed one, at least 1G and at
   * most 16G.
   */
  readonly most?: number | string;
  /** Limit of this process's memory for the names of the files. Default 512M. */
  readonly memory?: number | string;
  /** Limit of the time in seconds. */
  readonly timeout?: number;
  /** Ends the reading. */
  readonly signal?: AbortSignalLike;
}
const size = (name: string, given: number | string): number => {
  const bytes = bytesOf(given);
  if (bytes !== undefined) return bytes;
  throw new Problem("bad-property-value", `${name} must be a size such as "1G", not ${JSON.stringify(given)}`);
};

/**
 * An image for `root` of a machine: output of docker save (an archive or the unpacked directory), an OCI
 * layout (archive or directory), or a tar archive.
 *
 * @throws {Problem} The image is damaged, too large, or names no program; the time is over.
 *
 * @example
 * const image = await hostImage("app.tar");
 * const run = await Machine.run(image.program, { ...image.options, root: image.root });
 * image.close();
 */
export const hostImage = async (
  path: string,
  { command, most, memory = "512M", timeout, signal }: ImageOptions = {},
): Promise<HostImage> => {
  const budget = new WorkBudget({ seconds: timeout, bytes: size("memory", memory), signal, subject: "the image" });
  const { tree, start, close } = await openImage(path, { most: most === undefined ? undefined : size("most", most), budget });
  const { path: program, program: options } = startedWith(start, { args: command ?? [] });
  if (program === undefined) {
    close();
    throw new Problem("missing-argument", "which program?", { help: "the image names none: command: [PROGRAM, …] does" });
  }
  return { root: tree, program, options, close };
};
