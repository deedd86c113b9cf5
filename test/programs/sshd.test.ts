// sshd: sshd-auth serves a client before its login. It confines itself with prctl(2) alone to a hand-written
// filter of 202 instructions. A login over the loopback exercises it, and TCP, descriptors over local
// sockets, chroot and changes of identity.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { top } from "../support/host.ts";
import type { NativeRun } from "../support/native.ts";
import { type Both, both, confine, confined, type Files, filtersInstalled, lacks, library } from "./rooted.ts";

const configuration = `Port 2222
ListenAddress 127.0.0.1
HostKey /keys/host
PidFile none
UsePAM no
AuthorizedKeysFile /keys/user.pub
StrictModes no
Subsystem sftp /usr/lib/openssh/sftp-server
`;
/** Keys of the host and of the user, made anew by Debian's own ssh-keygen. */
const keys = (): Files => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-keys-"));
  try {
    const make = (name: string): Files => {
      const libraries = join(confined.path, "usr", "lib", "x86_64-linux-gnu");
      const keygen = ["--library-path", libraries, join(confined.path, "usr", "bin", "ssh-keygen")];
      execFileSync(join(confined.path, "lib64", "ld-linux-x86-64.so.2"), [
        ...keygen,
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        name,
        "-f",
        join(folder, name),
      ]);
      return {
        [`/keys/${name}`]: { content: readFileSync(join(folder, name)), mode: 0o600 },
        [`/keys/${name}.pub`]: { content: readFileSync(join(folder, `${name}.pub`)) },
      };
    };
    return { ...make("host"), ...make("user") };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
const files = (): Files => ({
  ...keys(),
  "/confine": confine(64),
  "/break-out.so": library("break-out.c"),
  "/sshd_config": { content: configuration },
  "/etc/passwd": { content: "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\nsshd:x:101:65534::/run/sshd:/bin/false\n" },
  "/etc/group": { content: "root:x:0:\nuser:x:1000:\nusers:x:100:user\n" },
  "/look.pl": { content: readFileSync(join(top, "test", "programs", "sshd-status.pl")) },
});

/** The server as `before` starts it; `client` talks to it; then its log. */
const session = (before: string, client: string): string =>
  `mkdir -p -m 755 /run/sshd /root /home; echo "[127.0.0.1]:2222 $(cat /keys/host.pub)" >/tmp/known
   ${before} /usr/sbin/sshd -D -E /tmp/log -f /sshd_config & until grep -qs listening /tmp/log; do sleep 0.1; done
   ${client}; sleep 1; { kill $!; wait $!; } 2>/dev/null; echo "server: $?"; cat /tmp/log`;
const ssh = (command: string, user = "root"): string =>
  `ssh -p 2222 -i /keys/user -o UserKnownHostsFile=/tmp/known -o BatchMode=yes ${user}@127.0.0.1 '${command}'; echo "ssh: $?"`;
/** Ports and pids are the kernel's choice. */
const sure = ({ native, inside }: Both): Both["native"][] =>
  [native, inside].map((run) => ({ ...run, stdout: run.stdout.replace(/((?:port|process) |^127\.0\.0\.1 )(?!2222)\d+/gm, "$1N") }));
/**
 * A killed process has not read all its input. The server may notice that at any point of its sending, and
 * the client before its greeting. So these lines are not compared.
 */
const settled = (run: NativeRun): NativeRun =>
  / killed by signal \d+ \(/.test(run.stdout)
    ? {
        ...run,
        stdout: run.stdout
          .replace(/^server_accept_loop: startup pipe 0 \(fd=\d+\): read Connection reset by peer\r\n/m, "")
          .replace(/( killed by signal \d+) \((?:sending config|sending keys|early)\)$/m, "$1"),
        stderr: run.stderr.replace(
          /^kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by /,
          "Connection closed by ",
        ),
      }
    : // A server that ends before it has read the client's last packet resets the connection, else it closes it.
      { ...run, stderr: run.stderr.replace(/^Connection reset by /, "Connection closed by ") };

describe.skipIf(lacks("sshd and its sandbox"))("sshd and its sandbox", { timeout: 240_000 }, () => {
  it("lets a user in by key, and runs a command", async () => {
    const all = await both(
      session("", `echo from here | ${ssh("echo hi; id; cat", "user")}; ${ssh("echo $SSH_CONNECTION; exit 7")}`),
      files(),
    );
    const [native, inside] = sure(all);
    expect(native?.stdout).toMatch(
      /^hi\nuid=1000\(user\) gid=1000\(user\) groups=1000\(user\),100\(users\)\nfrom here\nssh: 0\n127.0.0.1 .* 2222\nssh: 7\nserver: 0\n/,
    );
    expect(native?.stdout).toContain("Accepted publickey for user");
    expect(inside).toEqual(native);
    expect(filtersInstalled(all.run)).toBe(2);
  });

  it("gives a terminal, copies a file and carries a connection", async () => {
    const options = "-i /keys/user -o UserKnownHostsFile=/tmp/known -o BatchMode=yes";
    const greet = 'perl -MIO::Socket::INET -e "print scalar readline(IO::Socket::INET->new(q(127.0.0.1:3333)))"';
    const client = `ssh -p 2222 -tt ${options} root@127.0.0.1 'tty; stty -a | head -2; echo $SSH_TTY' </dev/null; echo "ssh: $?"
       echo data >/tmp/file; scp -q -P 2222 ${options} /tmp/file root@127.0.0.1:/tmp/copy; echo "scp: $?"; cat /tmp/copy
       ssh -p 2222 ${options} -L 3333:127.0.0.1:2222 -f root@127.0.0.1 'sleep 3' </dev/null >/dev/null 2>&1; ${greet}`;
    const [native, inside] = sure(await both(`mkdir -p /var/log; ${session("", client)}`, files()));
    // The host has other terminals.
    const here = (text = ""): string => text.split("server: ")[0]?.replaceAll(/\/dev\/pts\/\d+/g, "/dev/pts/0") ?? "";
    expect(native?.stdout).toMatch(/^\/dev\/pts\/\d+\r\nspeed .*ssh: 0\nscp: 0\ndata\nSSH-2.0-OpenSSH/s);
    expect(inside?.stdout.split("server: ")[0]).toEqual(here(native?.stdout));
    expect(inside?.stderr).toEqual(native?.stderr);
  });

  it("confines whom it talks to before the login", async () => {
    const [native, inside] = sure(await both(session("", "perl /look.pl"), files()));
    expect(native?.stdout).toContain("sshd-auth: NoNewPrivs 1, Seccomp 2, filters 1\n");
    expect(inside).toEqual(native);
  });

  it.each([
    ["LD_PRELOAD=/break-out.so", "preauth child terminated by signal 31"],
    ["/confine allow kill:prctl --", "killed by signal 31"],
    ["/confine allow 22:chroot --", 'chroot("/run/sshd"): Invalid argument [preauth]'],
  ])("with %s refuses every login: %s", async (before, message) => {
    const all = await both(session(before, ssh("echo hi")), files());
    const [native, inside] = sure(all).map(settled);
    expect(native?.stdout).toContain("ssh: 255\n");
    expect(native?.stdout).toContain(message);
    expect(inside).toEqual(native);
  });
});
