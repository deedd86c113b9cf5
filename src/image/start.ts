// The start of an image's program. OCI image specification, "Image Configuration"; docker run.
import type { ProgramOptions } from "../machine/options.ts";
import { Problem } from "../problem.ts";
import type { LayerTree } from "./layer-tree.ts";
import type { ImageStart } from "./opened.ts";
import type { Configuration } from "./schema.ts";

/** Bytes of /etc/passwd and /etc/group that are read. */
const MOST_LINES = 1 << 22;

/** `name`, `name:group`, ids, or both: of the image's own /etc/passwd and /etc/group. man 5 passwd. */
const userOf = (tree: LayerTree, user: string): { uid: number; gid: number; home: string | undefined } | undefined => {
  if (user === "") return undefined;
  const [name = "", group] = user.split(":");
  const lines = (file: string): string[][] => (tree.text(file, MOST_LINES) ?? "").split("\n").map((line) => line.split(":"));
  const isId = (text: string): boolean => /^\d{1,9}$/.test(text);
  const entry = lines("etc/passwd").find(([login, , uid]) => (isId(name) ? uid === name : login === name));
  if (!entry && !isId(name))
    throw new Problem("bad-image", `the image's user ${JSON.stringify(name)} is not in its /etc/passwd`, { help: "--uid N sets one" });
  let gid = Number(entry?.[3] ?? (isId(name) ? 0 : Number.NaN));
  if (group !== undefined && group !== "") {
    const found = isId(group) ? group : lines("etc/group").find(([one]) => one === group)?.[2];
    if (found === undefined) throw new Problem("bad-image", `the image's group ${JSON.stringify(group)} is not in its /etc/group`);
    gid = Number(found);
  }
  return { uid: Number(entry?.[2] ?? name), gid: Number.isInteger(gid) ? gid : 0, home: entry?.[5] };
};

/** The start that a configuration describes. Users are looked up in the image. */
export const startOf = (tree: LayerTree, { config }: Configuration): ImageStart => {
  const user = userOf(tree, config?.User ?? "");
  const env = Object.fromEntries(
    (config?.Env ?? []).flatMap((entry) => {
      const at = entry.indexOf("=");
      return at < 1 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]];
    }),
  );
  return {
    env: { HOME: user?.home ?? "/root", ...env },
    entrypoint: config?.Entrypoint ?? [],
    command: config?.Cmd ?? [],
    cwd: config?.WorkingDir || undefined,
    uid: user?.uid,
    gid: user?.gid,
  };
};

/**
 * The program of a run with an image. As with docker run, arguments replace the image's command, not its
 * entrypoint.
 */
export const startedWith = (
  start: ImageStart,
  given: ProgramOptions,
): { readonly path: string | undefined; readonly program: ProgramOptions } => {
  const { args: own = [], env, cwd, uid, ...others } = given;
  const [path, ...args] = [...start.entrypoint, ...(own.length > 0 ? own : start.command)];
  const user = uid === undefined ? { uid: start.uid, gid: start.gid } : { uid, gid: undefined };
  const folder = cwd ?? start.cwd;
  return {
    path,
    program: {
      ...others,
      ...(path === undefined ? {} : { argv0: path }),
      args,
      env: { ...start.env, ...env },
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      ...(user.gid === undefined ? {} : { gid: user.gid }),
      ...(folder === undefined ? {} : { cwd: folder }),
    },
  };
};
