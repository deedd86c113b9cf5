// Images as roots: docker save's archives, OCI layouts and plain archives, with layers of gzip, zstd and no
// compression; hostile ones.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar, type TarHeader } from "modern-tar";
import { describe, expect, it } from "vitest";
import { openImage } from "../../src/host/image/image.ts";
import { Problem } from "../../src/problem.ts";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { busybox, missing } from "../support/host.ts";

type Member = Partial<TarHeader> & { readonly name: string; readonly text?: string | Uint8Array };
const tar = async (members: readonly Member[]): Promise<Uint8Array> =>
  packTar(
    members.map(({ text = "", ...header }) => {
      const body = typeof text === "string" ? new TextEncoder().encode(text) : text;
      return { header: { size: body.length, mtime: new Date(0), type: "file", ...header } as TarHeader, body };
    }),
  );
const folderEntry = (name: string, mode = 0o755): Member => ({ name: `${name}/`, type: "directory", mode });
const link = (name: string, linkname: string): Member => ({ name, type: "symlink", linkname });
const zstd = (bytes: Uint8Array): Uint8Array => execFileSync("zstd", ["-q", "-c"], { input: bytes, maxBuffer: 1 << 28 });
const hasZstd = { what: "zstd", met: spawnSync("zstd", ["--version"]).status === 0 };

const program = busybox("amd64");
const lower = async (): Promise<Uint8Array> =>
  tar([
    folderEntry("bin"),
    { name: "bin/busybox", mode: 0o755, text: readFileSync(program.path) },
    ...["sh", "ls", "cat", "id", "env", "pwd", "stat", "touch"].map((name) => link(`bin/${name}`, "busybox")),
    folderEntry("usr/lib"),
    link("lib", "usr/lib"),
    folderEntry("etc"),
    { name: "etc/passwd", text: "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n" },
    { name: "etc/group", text: "app:x:1001:\nother:x:2000:\n" },
    { name: "etc/gone", text: "gone" },
    folderEntry("data"),
    { name: "data/old", text: "old" },
  ]);
const upper = async (): Promise<Uint8Array> =>
  tar([
    { name: "lib/added", text: "by the link of the lower layer\n" },
    { name: "etc/.wh.gone" },
    { name: "data/new", text: "new\n", uid: 7, gid: 8, mode: 0o640 },
    { name: "data/.wh..wh..opq" },
    { name: "data/twin", type: "link", linkname: "data/new" },
  ]);
const config = {
  architecture: "amd64",
  config: {
    Env: ["PATH=/bin", "GREETING=hello"],
    User: "app",
    WorkingDir: "/data",
    Entrypoint: ["sh", "-c"],
    Cmd: ["id; pwd; ls /lib/ /etc /data; cat /lib/added"],
  },
};
const expected =
  "uid=1000(app) gid=1001(app)\n/data\n/data:\nnew\ntwin\n\n/etc:\ngroup\npasswd\n\n/lib/:\nadded\nby the link of the lower layer\n";

const layout = (folder: string, layers: readonly Uint8Array[]): void => {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const blob = (bytes: Uint8Array | string) => {
    const digest = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(folder, "blobs/sha256", digest), bytes);
    return { mediaType: "any", digest: `sha256:${digest}`, size: bytes.length };
  };
  const manifest = blob(JSON.stringify({ schemaVersion: 2, config: blob(JSON.stringify(config)), layers: layers.map(blob) }));
  const other = { ...blob("{}"), platform: { architecture: "arm64", os: "linux" } };
  const inner = blob(
    JSON.stringify({ schemaVersion: 2, manifests: [other, { ...manifest, platform: { architecture: "amd64", os: "linux" } }] }),
  );
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [inner] }));
  writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
};

describe.skipIf(missing("images", program, hasZstd))(
  "an image runs with its entrypoint, user, environment and directory",
  { timeout: 60_000 },
  () => {
    it("an OCI layout as a directory and as an archive, with layers of gzip and zstd", async () => {
      await inFolder(async (folder) => {
        const made = join(folder, "oci");
        layout(made, [gzipSync(await lower()), zstd(await upper())]);
        expect(trapgate(["run", "--image", made])).toMatchObject({ status: 0, stdout: expected, stderr: "" });
        execFileSync("tar", ["cf", `${made}.tar`, "-C", made, "."]);
        expect(trapgate(["run", "--image", `${made}.tar`]).stdout).toBe(expected);
        expect(
          trapgate(["run", "--image", made, "--", "cat /data/old; stat -c '%u %g %a %h' /data/new; echo $GREETING $HOME"]),
        ).toMatchObject({
          stdout: "7 8 640 2\nhello /home/app\n",
          stderr: "cat: can't open '/data/old': No such file or directory\n",
        });
        expect(
          trapgate(["run", "--image", made, "--uid", "0", "--cwd", "/etc", "--env", "GREETING=bye", "id -u; pwd; echo $GREETING"]).stdout,
        ).toBe("0\n/etc\nbye\n");
        // A program's changes stay in the machine.
        expect(trapgate(["run", "--image", made, "--uid", "0", "touch /etc/x; ls /etc"]).stdout).toBe("group\npasswd\nx\n");
        expect(trapgate(["run", "--image", made, "--uid", "0", "ls /etc"]).stdout).toBe("group\npasswd\n");
      });
    });
    it("an archive of docker save", async () => {
      await inFolder(async (folder) => {
        const [first, second, name] = ["a".repeat(64), "b".repeat(64), `${"c".repeat(64)}.json`];
        const archive = await tar([
          { name: `${first}/layer.tar`, text: await lower() },
          { name: `${second}/layer.tar`, text: await upper() },
          { name, text: JSON.stringify(config) },
          {
            name: "manifest.json",
            text: JSON.stringify([{ Config: name, RepoTags: ["x:1"], Layers: [`${first}/layer.tar`, `${second}/layer.tar`] }]),
          },
        ]);
        writeFileSync(join(folder, "saved.tar"), archive);
        expect(trapgate(["run", "--image", join(folder, "saved.tar")]).stdout).toBe(expected);
      });
    });
    it("a plain archive, with a program of the command line", async () => {
      await inFolder(async (folder) => {
        writeFileSync(join(folder, "root.tar.gz"), gzipSync(await lower()));
        expect(trapgate(["run", "--image", join(folder, "root.tar.gz"), "/bin/cat", "/etc/gone"]).stdout).toBe("gone");
        expect(trapgate(["run", "--image", join(folder, "root.tar.gz")])).toMatchObject({
          status: 125,
          stderr: expect.stringContaining("which program?"),
        });
      });
    });
  },
);

describe.skipIf(missing("open descriptors of images", { what: "/proc/self/fd", met: existsSync("/proc/self/fd") }))(
  "an image that was read",
  () => {
    /** Descriptors of the files in a folder that this process has open. */
    const open = (folder: string): string[] =>
      readdirSync("/proc/self/fd").flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)].filter((path) => path.startsWith(folder));
        } catch {
          return [];
        }
      });
    it("keeps no descriptor of its archive, whole or damaged", () =>
      inFolder(async (folder) => {
        const whole = await tar([folderEntry("etc"), { name: "etc/passwd", text: "root" }]);
        const damaged = whole.slice();
        damaged.fill(0xff, 512, 700);
        for (const [name, bytes] of Object.entries({ whole, damaged, packed: gzipSync(whole) })) {
          writeFileSync(join(folder, name), bytes);
          const opened = await openImage(join(folder, name)).catch((error: unknown) => {
            expect(error).toBeInstanceOf(Problem);
          });
          await expect.poll(() => open(folder)).toEqual([]);
          opened?.close();
        }
      }));
  },
);

describe("a hostile image is refused", () => {
  const refused = async (bytes: Uint8Array, most?: number): Promise<string> =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "image"), bytes);
      try {
        (await openImage(join(folder, "image"), most)).close();
        return "opened";
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return error.sentence.replace(folder, "");
      }
    });
  it.each([
    ["a path that leads out", [{ name: "a/../../etc/x" }], '"a/../../etc/x" leads out of the image'],
    [
      "a hard link to a file of the host",
      [{ name: "x", type: "link", linkname: "/etc/passwd" }],
      '"x" is a hard link to "/etc/passwd", which is no file of the image',
    ],
    [
      "a hard link to a directory",
      [folderEntry("d"), { name: "x", type: "link", linkname: "d" }],
      '"x" is a hard link to "d", which is no file of the image',
    ],
    ["a name of 256 bytes", [{ name: "n".repeat(256) }], /is too long$/],
    [
      "layers that are not there",
      [{ name: "manifest.json", text: '[{"Config":"c","Layers":["l"]}]' }],
      "the image has no c, or it is larger than 4194304 bytes",
    ],
    ["a manifest that is no JSON", [{ name: "manifest.json", text: "[" }], "manifest.json of the image is no JSON"],
    ["a manifest of another form", [{ name: "manifest.json", text: '[{"Config":1}]' }], /^manifest.json of the image is wrong at 0.Config/],
  ] as const)("%s", async (_what, members, message) => {
    expect(await refused(await tar(members as readonly Member[]))).toEqual(
      typeof message === "string" ? message : expect.stringMatching(message),
    );
  });
  it("links lead to files of the image only", async () => {
    await inFolder(async (folder) => {
      writeFileSync(
        join(folder, "image"),
        await tar([
          link("up", "../../../../../etc"),
          { name: "up/inside", text: "here" },
          link("a", "b"),
          link("b", "a"),
          { name: "a/x", text: "y" },
        ]),
      );
      const { tree, close } = await openImage(join(folder, "image"));
      const etc = tree.root.lookup("etc");
      expect(typeof etc === "object" && etc.readdir()).toEqual([{ name: "inside", type: 0o100000 }]);
      close();
    });
  });
  it("a bomb ends at its limit, in each compression", async () => {
    const zeros = await tar([{ name: "zeros", text: new Uint8Array(32 << 20) }]);
    expect(await refused(gzipSync(zeros), 1 << 20)).toBe("the image unpacks to more than 1 MiB");
    if (hasZstd.met) expect(await refused(zstd(zeros), 1 << 20)).toBe("the image unpacks to more than 1 MiB");
    expect(await refused(zeros, 1 << 20)).toBe("the image unpacks to more than 1 MiB");
  });
  it("a layer that is not the one of the manifest", async () => {
    await inFolder(async (folder) => {
      layout(folder, [await tar([{ name: "x", text: "right" }])]);
      const manifests = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: { digest: string }[] };
      expect(manifests.manifests).toHaveLength(1);
      for (const name of execFileSync("grep", ["-rl", "right", join(folder, "blobs")], { encoding: "utf8" })
        .trim()
        .split("\n"))
        writeFileSync(name, await tar([{ name: "x", text: "wrong" }]));
      await expect(openImage(folder)).rejects.toThrow(/is damaged: its bytes do not have the digest sha256:/);
    });
  });
});
