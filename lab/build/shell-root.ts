// A plugin for Vite: the root directory of the page's shell, as shell/root.tar.gz. Its busybox is from
// Debian's package busybox-static, which `npm run setup` fetches. busybox is under the GPL: its copyright
// file lies beside it, and the npm package does not contain it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { packTar, type TarHeader } from "modern-tar";
import type { Plugin } from "vite";
import { Machine } from "../../src/index.ts";

type Member = Partial<TarHeader> & { readonly name: string; readonly body?: string | Uint8Array };
/** Ready programs that lie in /demo. */
const demos = ["hello-syscall", "hello-int80-64", "hello-int80-32", "a1", "a4", "b10"];
const motd = `This page's own kernel and processor run this shell.
Each system call is a row. Try: ls /demo  /demo/a1  ps
`;
const texts: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n",
  "etc/group": "root:x:0:\nuser:x:1000:\n",
  "etc/hosts": "127.0.0.1 localhost\n",
  "etc/hostname": "trapgate\n",
  "etc/motd": motd,
  "etc/profile": "export PS1='\\w \\$ '\ncat /etc/motd\n",
  "root/hello.sh": '#!/bin/sh\necho "hello from $(uname -sm), $(busybox | head -n 1)"\n',
};

const dateless = { mtime: new Date(0), uid: 0, gid: 0 };
const members = async (busybox: Uint8Array, guests: string): Promise<readonly Member[]> => {
  // The guest itself says which programs it is.
  const { stdout } = await Machine.run(busybox, { argv0: "busybox", args: ["--list"] });
  const names = stdout.text.split("\n").filter((name) => /^[\w.[-]+$/.test(name) && name !== "busybox");
  const folder = (name: string, mode = 0o755): Member => ({ name: `${name}/`, type: "directory", mode });
  const mode = 0o755;
  if (!names.includes("sh")) throw new Error("busybox names no shell");
  return [
    ...["bin", "etc", "home", "demo", "usr", "var"].map((name) => folder(name)),
    folder("root", 0o700),
    { ...folder("home/user"), uid: 1000, gid: 1000 },
    { ...folder("tmp"), mode: 0o1777 },
    { name: "bin/busybox", mode, body: busybox },
    ...names.map((name): Member => ({ name: `bin/${name}`, type: "symlink", linkname: "busybox" })),
    ...Object.entries(texts).map(([name, body]): Member => ({ name, body, mode: name.endsWith(".sh") ? mode : 0o644 })),
    ...demos.map((name): Member => ({ name: `demo/${name}`, mode, body: new Uint8Array(readFileSync(join(guests, name))) })),
  ];
};

/** Name and version of the source, from Debian's changelog. */
const sourceOf = (documents: string): string => {
  const file = join(documents, "changelog.Debian.gz");
  const [, name, version] = (existsSync(file) && /^(\S+) \((\S+)\)/.exec(gunzipSync(readFileSync(file)).toString())) || [];
  return name === undefined ? "busybox" : `${name} ${version}`;
};

/** `debian`: the folder .cache/debian. Without the package there is a file that says so. */
export const shellRoot = (outDir: string, debian: string, guests: string): Plugin => ({
  name: "trapgate: a root directory for the shell",
  apply: "build",
  closeBundle: {
    sequential: true,
    async handler() {
      const root = join(debian, "busybox-amd64");
      const busybox = ["usr/bin/busybox", "bin/busybox"].map((name) => join(root, name)).find((path) => existsSync(path));
      const out = join(outDir, "shell");
      mkdirSync(out, { recursive: true });
      const about = (text: object): void => writeFileSync(join(out, "about.json"), `${JSON.stringify(text)}\n`);
      if (busybox === undefined) {
        about({
          missing:
            "This copy of the lab was built without Debian's package busybox-static. `npm run setup` fetches it, then `npm run lab:build`.",
        });
        return;
      }
      const all = await members(new Uint8Array(readFileSync(busybox)), guests);
      const archive = await packTar(
        all.map(({ body = "", ...header }) => {
          const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
          return { header: { type: "file", ...dateless, size: bytes.length, ...header } as TarHeader, body: bytes };
        }),
      );
      writeFileSync(join(out, "root.tar.gz"), gzipSync(archive, { level: 9 }));
      const documents = join(root, "usr/share/doc/busybox-static");
      const licences = [join(documents, "copyright"), "/usr/share/common-licenses/GPL-2"].filter((file) => existsSync(file));
      writeFileSync(join(out, "COPYRIGHT.busybox"), licences.map((file) => readFileSync(file, "utf8")).join("\n\n"));
      about({ busybox: sourceOf(documents), source: "https://sources.debian.org/src/busybox/" });
    },
  },
});
