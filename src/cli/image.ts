// `--image`: the root, the program and its environment come from an image. Options and arguments of the
// command line win.
import type { WorkBudget } from "../budget.ts";
import type { Image } from "../host/image/image.ts";
import { startedWith } from "../image/start.ts";
import { Problem } from "../problem.ts";
import { visible } from "../visible.ts";
import type { PreparedRun } from "./run-options.ts";

/** A prepared run with the image's root and program. */
const started = (prepared: PreparedRun, { tree, start, close }: Image): PreparedRun => {
  const { path, program } = startedWith(start, prepared.program);
  if (path === undefined)
    throw new Problem("missing-argument", "which program?", { help: "the image names none: trapgate run --image IMAGE PROG [ARG…]" });
  return { ...prepared, machine: { ...prepared.machine, root: tree }, path, program, closes: close };
};

/**
 * The run with its image, if it has one.
 *
 * @throws {Problem} The image is damaged, needs more than the budget, or names no program.
 */
export const withImage = async (prepared: PreparedRun, budget: WorkBudget): Promise<PreparedRun> => {
  const { image } = prepared;
  if (image === undefined) return prepared;
  const [{ openImage }, { progress }] = await Promise.all([import("../host/image/image.ts"), import("./progress.ts")]);
  const shown = progress(() => `reading ${visible(image.path)}`);
  const opened = await openImage(image.path, { most: image.most, budget }).finally(() => shown.end());
  try {
    return started(prepared, opened);
  } catch (error) {
    opened.close();
    throw error;
  }
};
