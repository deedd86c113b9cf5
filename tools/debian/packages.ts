// The tests' Debian packages, each unpacked into a folder of its own under .cache/debian.

import { samplePackages } from "../userland/scenario.ts";

export interface PackageSet {
  readonly name: string;
  readonly architecture: "amd64" | "i386";
  readonly packages: readonly string[];
  /** True: their dependencies are unpacked too, so that the folder is a root in which the programs run. */
  readonly closure: boolean;
  /** Not a plain unpacking: only these members of the source archive that the package ships. */
  readonly members?: { readonly archive: string; readonly patterns: readonly string[] };
}

export const packageSets = [
  { name: "busybox-amd64", architecture: "amd64", packages: ["busybox-static"], closure: false },
  { name: "busybox-i386", architecture: "i386", packages: ["busybox-static"], closure: false },
  { name: "lua-amd64", architecture: "amd64", packages: ["lua5.4"], closure: true },
  { name: "lua-i386", architecture: "i386", packages: ["lua5.4"], closure: true },
  { name: "python-amd64", architecture: "amd64", packages: ["python3"], closure: true },
  { name: "libseccomp-amd64", architecture: "amd64", packages: ["libseccomp-dev", "libseccomp2"], closure: false },
  { name: "libseccomp-i386", architecture: "i386", packages: ["libseccomp-dev", "libseccomp2"], closure: false },
  // It chooses instructions by CPUID.
  { name: "openssl-amd64", architecture: "amd64", packages: ["openssl"], closure: true },
  // Programs that confine themselves.
  {
    name: "confined-amd64",
    architecture: "amd64",
    packages: [
      "universal-ctags",
      "man-db",
      "coreutils",
      "dash",
      "grep",
      "base-passwd",
      "bubblewrap",
      "vsftpd",
      "openssh-server",
      "openssh-client",
      "strace",
    ],
    closure: true,
  },
  // Container runtimes, which make filters of profiles; and profiles.
  { name: "containers-amd64", architecture: "amd64", packages: ["runc", "crun"], closure: true },
  {
    name: "profiles-amd64",
    architecture: "amd64",
    packages: ["golang-github-docker-docker-dev", "golang-github-containers-common"],
    closure: false,
  },
  // The scenarios of tools/userland that are tests too.
  { name: "userland-amd64", architecture: "amd64", packages: samplePackages, closure: true },
  { name: "userland-i386", architecture: "i386", packages: samplePackages, closure: true },
  // To build the kernel's own test of seccomp.
  { name: "libcap-amd64", architecture: "amd64", packages: ["libcap-dev"], closure: false },
  { name: "libcap-i386", architecture: "i386", packages: ["libcap-dev"], closure: false },
  {
    name: "linux-source",
    architecture: "amd64",
    packages: ["linux-source-6.12"],
    closure: false,
    members: {
      archive: "./usr/src/linux-source-6.12.tar.xz",
      patterns: [
        "tools/include/nolibc",
        "tools/testing/selftests/nolibc",
        "tools/testing/selftests/clone3/clone3_selftests.h",
        "tools/testing/selftests/seccomp",
        "tools/testing/selftests/kselftest.h",
        "tools/testing/selftests/kselftest_harness.h",
        "tools/testing/selftests/lib.mk",
      ],
    },
  },
] as const satisfies readonly PackageSet[];

export type PackageSetName = (typeof packageSets)[number]["name"];

/**
 * Programs that run on the host. They are installed with apt-get if that is allowed; otherwise their tests
 * report that they were skipped.
 */
export const hostTools = [
  { program: "gcc", packages: ["gcc", "libc6-dev"], works: ["gcc", "--version"] },
  {
    program: "gcc -m32",
    packages: ["gcc-multilib"],
    works: ["sh", "-c", "echo 'int main(void){return 0;}' | gcc -m32 -static -x c -o /dev/null -"],
  },
  { program: "nasm", packages: ["nasm"], works: ["nasm", "--version"] },
  // It counts instructions of a run (bench/counts).
  { program: "valgrind", packages: ["valgrind"], works: ["valgrind", "--version"] },
  { program: "strace", packages: ["strace"], works: ["strace", "-V"] },
  { program: "gdb", packages: ["gdb"], works: ["gdb", "--version"] },
  { program: "lldb", packages: ["lldb"], works: ["lldb", "--version"] },
  // Shells that complete commands.
  { program: "zsh", packages: ["zsh"], works: ["zsh", "--version"] },
  { program: "fish", packages: ["fish"], works: ["fish", "--version"] },
  // It makes filters of units, and lists its groups of calls.
  { program: "systemd", packages: ["systemd"], works: ["systemd-analyze", "--version"] },
  { program: "ld and objdump", packages: ["binutils"], works: ["objdump", "--version"] },
] as const;
