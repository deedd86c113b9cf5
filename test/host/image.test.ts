// Images as roots: docker save's archives, OCI layouts and plain archives, with layers of gzip, zstd and no
// compression; hostile ones.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar, type TarHeader } from "modern-tar";
import { describe, expect, it } from "vitest";
import { WorkBudget, type WorkLimits } from "../../src/budget.ts";
import { openImage } from "../../src/host/image/image.ts";
import { UnpackLimit } from "../../src/image/limit.ts";
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

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
/** The members of docker save's archive. `more`: properties of the configuration. */
const saved = (layers: readonly Uint8Array[], more: object = {}): Member[] => {
  const rootfs = { type: "layers", diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) };
  const text = JSON.stringify({ ...config, rootfs, ...more });
  const names = layers.map((_, i) => `${String(i).repeat(64)}/layer.tar`);
  return [
    ...layers.map((layer, i) => ({ name: names[i] as string, text: layer })),
    { name: `${sha256(text)}.json`, text },
    { name: "manifest.json", text: JSON.stringify([{ Config: `${sha256(text)}.json`, RepoTags: ["x:1"], Layers: names }]) },
  ];
};
const layout = (folder: string, layers: readonly Uint8Array[]): void => {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const blob = (bytes: Uint8Array | string) => {
    const digest = sha256(bytes);
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
        const archive = await tar(saved([await lower(), await upper()]));
        writeFileSync(join(folder, "saved.tar"), archive);
        expect(trapgate(["run", "--image", join(folder, "saved.tar")]).stdout).toBe(expected);
        mkdirSync(join(folder, "saved"));
        execFileSync("tar", ["xf", join(folder, "saved.tar"), "-C", join(folder, "saved")]);
        expect(trapgate(["run", "--image", join(folder, "saved")]).stdout).toBe(expected);
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
        (await openImage(join(folder, "image"), { most })).close();
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
  it("parts of docker save that do not have their digests", async () => {
    const layers = [await tar([{ name: "x", text: "right" }])];
    const wrong = await tar([{ name: "x", text: "wrong" }]);
    const changed = (change: (member: Member) => object): Promise<Uint8Array> =>
      tar(saved(layers, { config: {} }).map((one) => ({ ...one, ...change(one) })));
    expect(await refused(await changed(() => ({})))).toBe("opened");
    expect(await refused(await changed(({ name }) => (name.endsWith("layer.tar") ? { text: wrong } : {})))).toMatch(
      /layer.tar is damaged: its bytes do not have the digest sha256:/,
    );
    const other = JSON.stringify({ ...config, architecture: "arm64" });
    expect(await refused(await changed(({ name }) => (/^\w{64}\.json$/.test(name) ? { text: other } : {})))).toMatch(
      /\.json is damaged: its bytes do not have the digest sha256:/,
    );
    expect(await refused(await tar(saved(layers, { rootfs: { diff_ids: [] } })))).toBe(
      "the image has 1 layers, and its configuration lists 0",
    );
  });
  it("a directory whose names or links lead out of it", async () => {
    await inFolder(async (folder) => {
      const image = join(folder, "image");
      mkdirSync(join(image, "sub"), { recursive: true });
      const secret = await tar([{ name: "secret", text: "of the host" }]);
      writeFileSync(join(folder, "outside.tar"), secret);
      writeFileSync(join(image, "inside.tar"), secret);
      symlinkSync("../inside.tar", join(image, "sub/inner.tar"));
      symlinkSync("../../outside.tar", join(image, "sub/outer.tar"));
      symlinkSync(join(folder, "outside.tar"), join(image, "absolute.tar"));
      execFileSync("mkfifo", [join(image, "pipe")]);
      writeFileSync(join(image, "config"), "{}");
      const opens = async (layer: string, configuration = "config"): Promise<string> => {
        writeFileSync(join(image, "manifest.json"), JSON.stringify([{ Config: configuration, Layers: [layer] }]));
        try {
          const { tree, close } = await openImage(image);
          close();
          return tree.find("secret") ? "read" : "empty";
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          return error.sentence;
        }
      };
      for (const name of ["inside.tar", "sub/inner.tar", "sub/../inside.tar"]) expect(await opens(name), name).toBe("read");
      for (const name of ["../outside.tar", "sub/../../outside.tar", join(folder, "outside.tar"), "sub/outer.tar", "absolute.tar", "pipe"])
        expect(await opens(name), name).toBe(`the image has no ${name}`);
      for (const name of ["../../../../../../proc/kmsg", "/proc/kmsg", "pipe", "sub"])
        expect(await opens("inside.tar", name), name).toBe(`the image has no ${name}, or it is larger than 4194304 bytes`);
    });
  });
  it("more than the time, the memory or the size allow", { timeout: 60_000 }, async () => {
    await inFolder(async (folder) => {
      const many = join(folder, "many.tar.gz");
      const names = Array.from({ length: 100_000 }, (_, i) => ({ name: `f${i}` }));
      writeFileSync(many, gzipSync(await tar(names), { level: 1 }));
      const limited = (limits: WorkLimits): Promise<string> =>
        openImage(many, { budget: new WorkBudget({ ...limits, subject: "the image" }) }).then(
          ({ close }) => (close(), "opened"),
          (error: Error) => error.message,
        );
      expect(await limited({})).toBe("opened");
      expect(await limited({ bytes: 2 ** 24 })).toMatch(/^the image is too large: it needs more than 16 MB of memory/);
      const started = performance.now();
      expect(await limited({ seconds: 0.1 })).toMatch(/^the image was not read and answered within 0.1 s/);
      expect(performance.now() - started).toBeLessThan(2000);
      const stop = AbortSignal.timeout(50);
      expect(await limited({ signal: stop })).toMatch(/timeout/);
      expect(trapgate(["run", "--memory", "16M", "--image", many, "/x"])).toMatchObject({
        status: 125,
        stderr: expect.stringContaining("the image is too large: it needs more than 16 MB of memory"),
      });
      expect(trapgate(["run", "--timeout", "0.1", "--image", many, "/x"])).toMatchObject({ status: 124 });
      // Without a limit of the user the packed size decides.
      const limit = new UnpackLimit("--image-size");
      expect(limit.most).toBe(2 ** 30);
      limit.packed(2 ** 25);
      expect(limit.most).toBe(2 ** 31);
      limit.packed(2 ** 35);
      expect(limit.most).toBe(2 ** 34);
    });
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
