// /proc/keys, /proc/key-users and the limits in /proc/sys/kernel/keys. man 5 proc_keys, proc_key-users; Linux
// security/keys/proc.c, sysctl.c.
import { KEY_NEED } from "../../../abi/uapi/keyctl.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import { shownUid, toLocal } from "../../cred/user-namespace.ts";
import { field } from "../../fs/proc/sysctl/setting.ts";
import type { FixedTree } from "../../fs/proc/tree/fixed-tree.ts";
import type { ProcContent, ProcRecord } from "../../fs/proc/tree/node.ts";
import type { Key } from "./key.ts";
import { type KeyLimits, keysOf } from "./keys.ts";
import { mayUse, possesses } from "./search.ts";
import { subjectOf } from "./task-keys.ts";

const left = (key: Key): string => {
  const { now } = key.keys;
  if (key.expiry === Number.POSITIVE_INFINITY) return "perm";
  const seconds = key.expiry - now;
  if (seconds <= 0) return "expd";
  const unit = (
    [
      [60, 1, "s"],
      [3600, 60, "m"],
      [86_400, 3600, "h"],
      [604_800, 86_400, "d"],
    ] as const
  ).find(([below]) => seconds < below);
  return unit ? `${Math.floor(seconds / unit[1])}${unit[2]}` : `${Math.floor(seconds / 604_800)}w`;
};
const right = (value: number, width: number): string => String(value).padStart(width);
const hex = (value: number): string => value.toString(16).padStart(8, "0");
const line = (t: Task, key: Key): string => {
  const flag = (letter: string, on: boolean): string => (on ? letter : "-");
  const { state, usage } = key;
  // biome-ignore format: one line of the table
  const flags = flag("I", state !== undefined) + flag("R", key.revoked) + "-" + flag("Q", key.inQuota) + flag("U", key.constructing) +
    flag("N", state !== undefined && state < 0) + flag("i", key.invalidated);
  const { userNs } = t.cred;
  const owner = `${right(shownUid(userNs, key.uid), 5)} ${right(key.groupIn(userNs), 5)}`;
  const type = key.type.name.slice(0, 9).padEnd(9);
  return `${hex(key.serial)} ${flags} ${right(usage, 5)} ${left(key).padStart(4)} ${hex(key.perm)} ${owner} ${type} ${key.describe(t)}\n`;
};
const isShown = (t: Task, key: Key): boolean => {
  if (toLocal(t.cred.userNs, "uidMap", key.owner.uid) === undefined) return false;
  const possessed = (key.perm & (KEY_NEED.VIEW << 24)) !== 0 && possesses(t.kernel, subjectOf(t), key);
  return mayUse({ key, possessed }, t.cred, KEY_NEED.VIEW);
};

/** The files of /proc. */
export const keyFiles: FixedTree = {
  keys: {
    *records(task: Task, from: number): Generator<ProcRecord> {
      const { bySerial } = keysOf(task.kernel);
      for (let serial = bySerial.next(from); serial !== undefined; serial = bySerial.next(serial + 1)) {
        const key = bySerial.get(serial) as Key;
        if (isShown(task, key)) yield { text: line(task, key), next: serial + 1 };
      }
    },
  },
  "key-users": {
    read: (task) => {
      const keys = keysOf(task.kernel);
      const { userNs } = task.cred;
      const shown = [...keys.users.values()].filter((user) => toLocal(userNs, "uidMap", user.uid) !== undefined);
      const rows = shown
        .sort((a, b) => a.uid - b.uid)
        .map((user) => {
          const most = keys.most(user.uid);
          const quota = `${user.quotaKeys}/${most.keys} ${user.quotaBytes}/${most.bytes}`;
          return `${right(shownUid(userNs, user.uid), 5)}: ${right(user.keys, 5)} ${user.keys}/${user.instantiated} ${quota}\n`;
        });
      return rows.join("");
    },
  },
};

const INT_MAX = 0x7fff_ffff;
/** The files of /proc/sys/kernel/keys. */
export const keySettings = (kernel: Kernel): FixedTree => {
  const row = (key: keyof KeyLimits, min: number): ProcContent => field(() => keysOf(kernel).limits, key, { min, max: INT_MAX });
  return {
    gc_delay: row("gc_delay", 0),
    maxbytes: row("maxbytes", 1),
    maxkeys: row("maxkeys", 1),
    persistent_keyring_expiry: row("persistent_keyring_expiry", 0),
    root_maxbytes: row("root_maxbytes", 1),
    root_maxkeys: row("root_maxkeys", 1),
  };
};
