// bubblewrap: a sandbox of namespaces, mounts and, with --seccomp FD, the caller's own filter, which
// libseccomp makes here.
import { describe, expect, it } from "vitest";
import { both, confine, filtersInstalled, lacks } from "./rooted.ts";

const files = { "/confine": confine(64), "/etc/passwd": { content: "root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n" } };
const bwrap = "bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --unshare-all --die-with-parent";
/** Runs as an ordinary user, who has privileges only in a user namespace of his own. */
const asUser = (command: string): string => `perl -e '$) = "1000 1000"; $( = 1000; $< = $> = 1000; exec @ARGV' ${command}`;
const show = "grep -E '^(NoNewPrivs|Seccomp|NSpid)' /proc/self/status; id -u; cat /proc/self/uid_map; echo $$";

describe.skipIf(lacks("bubblewrap"))("bubblewrap", { timeout: 240_000 }, () => {
  it.each([
    ["root", (command: string): string => command],
    ["a user", asUser],
  ])("makes a sandbox for %s", async (_who, run) => {
    const inside_ = [
      show,
      // By the shell itself: with a pipeline, the other process may or may not exist yet.
      "set -- /proc/[0-9]*; echo $#",
      // The host's mounts are under the sandbox's own.
      "ls /dev; ls -a /tmp; touch /x; touch /tmp/x && echo in /tmp; echo lost >/dev/null && echo null",
      'cut -d" " -f5,6 /proc/self/mountinfo | grep -E "^/(tmp|dev|dev/(null|tty)|proc) rw" | sed -n "s/,relatime//p;t;p" | sort | uniq',
      'perl -e "use Socket; socket(S,AF_INET,SOCK_STREAM,0); connect(S,pack_sockaddr_in(9,inet_aton(q(127.0.0.1)))) || print qq(\\$!\\n)"',
    ].join("; ");
    const { native, inside } = await both(`cat >/script <<'E'\n${inside_}\nE\n${run(`${bwrap} sh /script`)}; echo "end: $?"`, files);
    expect(native.stdout).toMatch(/^NSpid:\t\d+\nNoNewPrivs:\t1\nSeccomp:\t0\n/);
    expect(native.stdout).toContain("in /tmp\nnull\n");
    expect(native.stderr).toContain("touch: cannot touch '/x': Read-only file system");
    expect(inside).toEqual(native);
  });

  it("runs a program under the filter that it is given", async () => {
    const rules = "allow 1:mkdir 1:mkdirat kill:chroot 38:socket:0=16";
    const { native, inside, run } = await both(
      `cat >/script <<'E'\n${show}; mkdir /tmp/d; chroot / true; echo "end: $?"\nE
       /confine -e /filter ${rules}; ${bwrap} --seccomp 9 sh /script 9</filter; echo "end: $?"`,
      files,
    );
    expect(native.stdout).toContain("NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n");
    expect(native.stdout).toContain("end: 159\nend: 0\n");
    expect(native.stderr).toContain("mkdir: cannot create directory '/tmp/d': Operation not permitted");
    expect(inside).toEqual(native);
    // Also for the sandbox's process 1.
    expect(filtersInstalled(run)).toBe(2);
  });

  it.each([
    ["a broken filter", `head -c 12 /filter >/broken; ${bwrap} --seccomp 9 true 9</broken`],
    ["what is no filter", `echo 12345678 >/broken; truncate -s 16 /broken; ${bwrap} --as-pid-1 --seccomp 9 true 9</broken`],
    ["a filter that forbids to go on", `/confine -e /broken kill; ${bwrap} --seccomp 9 true 9</broken`],
    ["no namespaces", `/confine allow 1:clone 1:unshare -- ${bwrap} true`],
    ["no mounts", `/confine allow 1:mount -- ${bwrap} true`],
    ["no filters", `/confine allow kill:prctl:0=22 -- ${bwrap} --seccomp 9 true 9</filter`],
  ])("fails with %s as natively", async (_what, command) => {
    const { native, inside } = await both(`/confine -e /filter allow; ${command}; echo "end: $?"`, files);
    expect(native.stdout).toMatch(/^end: [1-9]\d*\n$/);
    expect(inside).toEqual(native);
  });
});
