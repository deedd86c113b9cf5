// vsftpd with seccomp_sandbox: the processes of a session install hand-written filters (64 instructions
// before the login, 105 after it) that kill for every call that they do not need. A session over the loopback
// exercises TCP, namespaces for processes, and chroot.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { top } from "../support/host.ts";
import type { NativeRun } from "../support/native.ts";
import { both, confine, filtersInstalled, lacks } from "./rooted.ts";

const configuration = (sandbox: "YES" | "NO"): string =>
  [
    "listen=YES",
    "listen_ipv6=NO",
    "listen_address=127.0.0.1",
    "listen_port=2121",
    "background=NO",
    "anonymous_enable=YES",
    "no_anon_password=YES",
    "write_enable=YES",
    "anon_upload_enable=YES",
    "anon_root=/srv/ftp",
    "secure_chroot_dir=/run/empty",
    `seccomp_sandbox=${sandbox}`,
    "",
  ].join("\n");

const files = {
  "/confine": confine(64),
  "/ftp.pl": { content: readFileSync(join(top, "test", "programs", "ftp.pl")) },
  "/confined.conf": { content: configuration("YES") },
  "/open.conf": { content: configuration("NO") },
  "/etc/passwd": { content: "root:x:0:0::/root:/bin/sh\nftp:x:200:200::/srv/ftp:/bin/false\nnobody:x:65534:65534::/:/bin/false\n" },
  "/etc/group": { content: "root:x:0:\nftp:x:200:\nnogroup:x:65534:\n" },
  "/srv/ftp/pub/hello": { content: "hello world\n" },
};
const session = (server: string, ...commands: string[]): string =>
  `mkdir -p -m 755 /run/empty /var/log; mkdir -m 777 /srv/ftp/in; touch -d 2020-02-02 /srv/ftp/pub/hello
   umask 022; ${server} & perl /ftp.pl 2121 ${commands.map((c) => `'${c}'`).join(" ")}; echo "client: $?"
   { kill $!; wait $!; } 2>/dev/null; echo "server: $?"`;

/**
 * The parent of a process that is killed sees its socket closed, or has its SIGCHLD first: it may say so or
 * not, or end while it does.
 */
const sure = (run: NativeRun): NativeRun => ({ ...run, stdout: run.stdout.replace(/500 OOPS: (priv_sock_get_cmd)?\n> QUIT\n/, "") });

/**
 * The process of the previous login may still be ending, so the number of equal processes is not compared.
 */
const settled = (run: NativeRun): NativeRun => ({
  ...run,
  stdout: run.stdout.replace(/(vsftpd: NoNewPrivs .*\n)\1+/g, "$1"),
});

describe.skipIf(lacks("vsftpd in its sandbox"))("vsftpd in its sandbox", { timeout: 240_000 }, () => {
  it("serves a session with its processes under filters", async () => {
    const { native, inside, run } = await both(
      session(
        "vsftpd /confined.conf",
        "USER anonymous",
        "!status",
        "PWD",
        "CWD pub",
        "LIST",
        "RETR hello",
        "SIZE hello",
        "CWD ../in",
        "STOR x<data\n",
        "QUIT",
      ),
      files,
    );
    expect(settled(native).stdout).toContain(
      "> !status\nvsftpd: NoNewPrivs 0, Seccomp 0, filters 0\nvsftpd: NoNewPrivs 1, Seccomp 2, filters 1\n",
    );
    expect(native.stdout).toContain("| hello world\n226 Transfer complete.");
    expect(settled(inside)).toEqual(settled(native));
    expect(filtersInstalled(run)).toBe(3);
  });

  it.each(["kill:getdents64", "1:prctl", "22:clone"])("with the rule %s laid upon it, fails as natively", async (rule) => {
    const { native, inside } = await both(
      session(`/confine allow ${rule} -- vsftpd /confined.conf`, "USER anonymous", "CWD pub", "LIST", "QUIT"),
      files,
    );
    expect(native.stdout).toMatch(/server: \d+\n$/);
    expect(sure(inside)).toEqual(sure(native));
  });

  it("without its sandbox runs without a filter", async () => {
    const { native, inside, run } = await both(session("vsftpd /open.conf", "USER anonymous", "!status", "QUIT"), files);
    expect(native.stdout).not.toContain("Seccomp 2");
    expect(settled(inside)).toEqual(settled(native));
    expect(filtersInstalled(run)).toBe(0);
  });
});
