// Permissions, owners, modes, sticky and set-id bits, times and extended attributes, against the kernel under
// us.
import { describe, it } from "vitest";
import { missing } from "../support/host.ts";
import { agree, type Mask } from "./support/agree.ts";
import { bytes, needs, out, type Script, words } from "./support/script.ts";

/** Takes the identity of a user without privileges: uid 1000, gid 100, and groups 50. */
const drop = (s: Script, uid = 1000): void => {
  s.add("setgroups", 1, words(50));
  s.add("setresgid", 100, 100, 100);
  s.add("setresuid", uid, uid, uid);
};
/** Mode, nlink, uid and gid of a stat buffer. */
const owners: Mask = (o, name, abi) => {
  if (!name.includes("stat") || o.result < 0) return o;
  const [from, to] = abi.name === "i386" ? [8, 16] : [16, 36];
  const b = new Uint8Array(144);
  b.set(o.buffers[0] as Uint8Array);
  return { ...o, buffers: [b.slice(from, to)] };
};
const show = (s: Script, name: string): void => {
  s.add("lstat", name, out(144));
};

describe.skipIf(missing("permissions against the native kernel", ...needs))("permissions, as the native kernel grants them", () => {
  it("of every mode and owner", () => {
    agree(
      [
        [0, 0],
        [1000, 0],
        [0, 100],
        [0, 50],
        [1000, 100],
      ].flatMap(([uid, gid]) =>
        [0, 0o400, 0o200, 0o100, 0o040, 0o020, 0o004, 0o002, 0o001, 0o755, 0o077].map((mode) => (s: Script) => {
          s.add("umask", 0);
          s.add("mkdir", "d", 0o755);
          s.add("open", "d/f", 0o102, 0o666);
          s.add("open", "f", 0o102, 0o666);
          for (const name of ["f", "d"]) {
            s.add("chown", name, uid as number, gid as number);
            s.add("chmod", name, mode);
          }
          drop(s);
          for (const how of [0, 1, 2]) s.add("open", "f", how, 0);
          for (const how of [1, 2, 4, 7]) {
            s.add("access", "f", how);
            s.add("access", "d", how);
          }
          s.add("open", "d", 0, 0);
          s.add("open", "d/f", 0, 0);
          s.add("open", "d/new", 0o101, 0o600);
          s.add("unlink", "d/f");
          s.add("mkdir", "d/x", 0o700);
          s.add("rename", "d/f", "d/g");
          s.add("chdir", "d");
          s.add("chmod", "/f", 0o7777);
          show(s, "/f");
          s.add("chown", "/f", 1000, 100);
          s.add("chown", "/f", -1, 50);
          s.add("chown", "/f", -1, 51);
          s.add("chown", "/f", -1, -1);
          show(s, "/f");
          s.add("utimes", "/f", 0);
          s.add("truncate", "/f", 0);
          s.add("chroot", "/");
          s.add("mknod", "/d/n", 0o020600, 0x103);
          s.add("mknod", "/d/p", 0o010600, 0);
        }),
      ),
      owners,
    );
  });
  it("in sticky and setgid directories", () => {
    agree(
      [0o777, 0o1777, 0o2777, 0o3777].flatMap((mode) =>
        [1000, 1001].map((owner) => (s: Script) => {
          s.add("umask", 0);
          s.add("mkdir", "d", 0o777);
          s.add("chown", "d", owner, 77);
          s.add("chmod", "d", mode);
          for (const [name, uid] of [
            ["mine", 1000],
            ["other", 1002],
            ["roots", 0],
          ] as const) {
            s.add("open", `d/${name}`, 0o102, 0o666);
            s.add("chown", `d/${name}`, uid, 0);
            s.add("symlink", "/d/mine", `d/l${name}`);
            s.add("lchown", `d/l${name}`, uid, 0);
          }
          drop(s);
          for (const name of ["mine", "other", "roots"]) {
            s.add("open", `d/${name}`, 0o101, 0o600);
            s.add("open", `d/l${name}`, 0, 0);
            s.add("link", `d/${name}`, `d/k${name}`);
            s.add("rename", `d/${name}`, `d/r${name}`);
            s.add("unlink", `d/r${name}`);
            s.add("unlink", `d/${name}`);
          }
          s.add("mkdir", "d/sub", 0o755);
          show(s, "d/sub");
          s.add("open", "d/set", 0o102, 0o2775);
          show(s, "d/set");
          s.add("chmod", "d/set", 0o6777);
          show(s, "d/set");
          const fd = s.add("open", "d/set", 1, 0);
          s.add("write", fd, bytes("x"), 1);
          show(s, "d/set");
          s.add("chmod", "d/set", 0o2767);
          s.add("write", fd, bytes("x"), 1);
          show(s, "d/set");
        }),
      ),
      owners,
    );
  });
  it("as root", () => {
    agree(
      [
        (s: Script) => {
          s.add("umask", 0);
          for (const mode of [0o6777, 0o6666, 0o2777, 0o4755]) {
            s.add("open", "f", 0o102, 0);
            s.add("chmod", "f", mode);
            show(s, "f");
            s.add("chown", "f", 5, 6);
            show(s, "f");
            s.add("chmod", "f", 0);
            for (const how of [1, 2, 4, 7]) s.add("access", "f", how);
          }
          s.add("mkdir", "d", 0);
          s.add("chown", "d", 7, 7);
          s.add("chmod", "d", 0o6000);
          s.add("chown", "d", 8, 8);
          show(s, "d");
          s.add("access", "d", 7);
          s.add("symlink", "f", "l");
          s.add("fchmodat2", -100, "l", 0o600, 0x100);
          s.add("fchownat", -100, "l", 9, 9, 0x100);
          show(s, "l");
          s.add("fchmodat2", -100, "f", 0o600, 0x4000);
        },
      ],
      owners,
    );
  });
  it("extended attributes", () => {
    const body = (s: Script): void => {
      for (const name of ["user.a", "trusted.b", "security.c", "nothing.d", "user.", "x".repeat(256), ""]) {
        for (const how of [0, 1, 2, 3]) s.add("setxattr", "f", name, bytes("value"), 5, how);
        s.add("getxattr", "f", name, out(10), 10);
        s.add("getxattr", "f", name, 0, 0);
        s.add("getxattr", "f", name, out(2), 2);
      }
      s.add("setxattr", "l", "user.z", bytes("1"), 1, 0);
      s.add("lsetxattr", "l", "user.z", bytes("1"), 1, 0);
      s.add("lsetxattr", "l", "trusted.z", bytes("1"), 1, 0);
      s.add("removexattr", "f", "user.a");
      s.add("removexattr", "f", "user.a");
      s.add("removexattr", "d", "trusted.q");
      s.add("setxattr", "f", "user.big", bytes("1"), 70000, 0);
    };
    const make = (s: Script): void => {
      s.add("open", "f", 0o102, 0o644);
      s.add("mkdir", "d", 0o755);
      s.add("symlink", "f", "l");
    };
    agree([
      (s) => {
        make(s);
        body(s);
      },
      (s) => {
        make(s);
        s.add("chown", "f", 1000, 0);
        drop(s);
        body(s);
      },
    ]);
  });
});
