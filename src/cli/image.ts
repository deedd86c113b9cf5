// `--image`: the root, the program and its surroundings come from an image; options and arguments of the command line go first.
import type { Image } from "../host/image/image.ts";
import { Problem } from "../problem.ts";
import type { Prepared } from "./run-options.ts";

/** A prepared run with the image's root and program. As for docker run: arguments replace the image's command, not its entrypoint. */
const started = (prepared: Prepared, { tree, start, close }: Image): Prepared => {
  const { args: given = [], env, cwd, uid, ...program } = prepared.program;
  const words = [...start.entrypoint, ...(given.length > 0 ? given : start.command)];
  const [path, ...args] = words;
  if (path === undefined)
    throw new Problem("missing-argument", "which program?", { help: "the image names none: trapgate run --image IMAGE PROG [ARG…]" });
  const own = uid === undefined ? { uid: start.uid, gid: start.gid } : { uid };
  return {
    ...prepared,
    machine: { ...prepared.machine, root: tree },
    path,
    program: {
      ...program,
      argv0: path,
      args,
      env: { ...start.env, ...env },
      ...(own.uid === undefined ? {} : { uid: own.uid }),
      ...("gid" in own && own.gid !== undefined ? { gid: own.gid } : {}),
      ...(cwd !== undefined ? { cwd } : start.cwd !== undefined ? { cwd: start.cwd } : {}),
    },
    closes: close,
  };
};

/** The run with its image, if it has one. @throws {Problem} The image is damaged or too large, or names no program. */
export const withImage = async (prepared: Prepared): Promise<Prepared> => {
  const { image } = prepared;
  if (image === undefined) return prepared;
  const { openImage } = await import("../host/image/image.ts");
  const opened = await openImage(image.path, image.most);
  try {
    return started(prepared, opened);
  } catch (error) {
    opened.close();
    throw error;
  }
};
