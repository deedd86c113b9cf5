// The core of the kernel names no feature: a feature goes with its folder and its lines in the registry.
// `npm run without` removes each and runs tsc.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { files, imports, src } from "../../tools/graph/imports.ts";

const FOLDER = "kernel/features/";
/** The folder of a file of a feature. */
const featureOf = (file: string): string | undefined => new RegExp(`^${FOLDER}([^/]+)/`).exec(file)?.[1];
const folders = [...new Set(files.flatMap((file) => featureOf(file) ?? []))].sort();

/** The registry, and the generated list of classes. */
const READERS = [`${FOLDER}index.ts`, "machine/snapshot/classes.ts"];

/** Words of the core that would name a feature, by folder. */
const WORDS: Readonly<Record<string, RegExp>> = {
  aio: /\baio|\bAio|kioctx/,
  ext2: /ext2/i,
  fanotify: /fanotify/i,
  "io-uring": /io_?uring|\buring/i,
  keyrings: /keyring|keyctl|\bkeysOf\b/i,
  landlock: /landlock/i,
  mqueue: /mqueue|mq_/i,
  netlink: /netlink\b|NETLINK/,
  overlayfs: /overlayfs/i,
  "raw-sockets": /PacketSocket|RawSocket|PingSocket/,
  "system-v-ipc": /sysv|IpcNamespace|\b(?:shm|sem|msg)get\b/i,
  userfaultfd: /userfault|uffd/i,
};
/**
 * Files that name one all the same: text of the interface of Linux for traces, and notes of declarations for
 * users; a type of kcmp(2) and a flag of clone(2), which Linux has without CONFIG_SYSVIPC too; the file
 * system of `--overlay`, whose name is that of the feature but for its case.
 */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  "kernel/show/file.ts": ["ext2", "mqueue", "overlayfs"],
  "kernel/show/ioctl.ts": ["userfaultfd"],
  "kernel/show/socket.ts": ["netlink"],
  "kernel/net/options/numbers.ts": ["netlink"],
  "kernel/calls/mount/mount.ts": ["ext2"],
  "kernel/calls/net/socket.ts": ["netlink"],
  "kernel/calls/process/inspect.ts": ["system-v-ipc"],
  "kernel/calls/process/clone.ts": ["system-v-ipc"],
  "kernel/lifecycle/clone.ts": ["system-v-ipc"],
  "kernel/fs/types/overlay-fs.ts": ["overlayfs"],
  "kernel/fs/types/overlay-inodes.ts": ["overlayfs"],
};

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
const core = files.filter((file) => /^(?:kernel|memory)\//.test(file) && !file.startsWith(FOLDER) && !file.endsWith("vdso-images.ts"));

it("has words for each feature", () => {
  expect(Object.keys(WORDS).sort()).toEqual(folders);
});
it("is imported by the registry only, and imports no other feature", () => {
  const wrong = imports.filter(({ file, target }) => {
    const feature = target === undefined ? undefined : featureOf(target);
    return feature !== undefined && feature !== featureOf(file) && !READERS.includes(file);
  });
  expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
});
it("is named by no file of the core", () => {
  const found: Record<string, string[]> = {};
  for (const file of core) {
    const text = withoutComments(readFileSync(join(src, file), "utf8"));
    const named = folders.filter((folder) => WORDS[folder]?.test(text));
    if (named.length > 0) found[file] = named;
  }
  expect(found).toEqual(EXCEPTIONS);
});
