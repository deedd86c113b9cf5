import { describe, expect, it } from "vitest";
import { address, environment, integer, mount, oneOf, parse, seconds, size } from "../../src/cli/arguments.ts";
import { Problem } from "../../src/problem.ts";

const options = { root: { type: "string" }, env: { type: "string", multiple: true }, follow: { type: "boolean", short: "f" } } as const;

describe("a command line", () => {
  it("gives the guest everything after PROG, also words that look like options", () => {
    const { values, rest } = parse(["--root", "/r", "-f", "ls", "-l", "--root", "x"], options);
    expect({ ...values }).toEqual({ root: "/r", follow: true });
    expect(rest).toEqual(["ls", "-l", "--root", "x"]);
  });
  it("takes addresses as nm writes them", () => {
    expect(address("0x0000000000401630", "--at")).toBe(0x401630);
    expect(address("4096", "--at")).toBe(4096);
    for (const text of ["0x", "main", "-1", "0x1ffffffffffffff"]) expect(() => address(text, "--at")).toThrow(/^--at wants an address/);
  });
  it("takes -- as the end of our options", () => {
    expect(parse(["--", "-odd-name", "--"], options).rest).toEqual(["-odd-name", "--"]);
  });
  it("collects options that may come several times", () => {
    expect(parse(["--env=A=1", "--env", "B=2", "p"], options).values.env).toEqual(["A=1", "B=2"]);
  });
  it.each([[["--what", "p"]], [["--root"]], [["-x", "p"]], [["--follow=1", "p"]]])("refuses %j in one line", (args) => {
    const error = (() => {
      try {
        parse(args, options);
      } catch (e) {
        return e;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).message).not.toContain("\n");
  });
});

describe("an option's value", () => {
  it("is a size with a unit", () => {
    expect(size("64M", "--memory")).toBe(64 * 2 ** 20);
    expect(size("1g", "--memory")).toBe(2 ** 30);
    expect(() => size("lots", "--memory")).toThrow(/--memory wants a size/);
  });
  it("is a number, seconds, or one of a few words", () => {
    expect(integer("7", "--uid")).toBe(7);
    expect(() => integer("-7", "--uid")).toThrow(Problem);
    expect(seconds("0.5", "--timeout")).toBe(0.5);
    expect(() => seconds("0", "--timeout")).toThrow(Problem);
    expect(oneOf("v6", ["v6", "upstream"], "--kernel")).toBe("v6");
    expect(() => oneOf("v66", ["v6", "upstream"], "--kernel")).toThrow(/^--kernel has no value "v66" \(did you mean v6\?\) \[TG0105\]$/);
  });
  it("is a mount: host folder, guest folder, how it may be written", () => {
    expect(mount("/a:/b")).toEqual({ host: "/a", guest: "/b", mode: "ro" });
    expect(mount("/a:b/c:/d:rw")).toEqual({ host: "/a:b/c", guest: "/d", mode: "rw" });
    expect(() => mount("/a")).toThrow(Problem);
    expect(() => mount("/a:b")).toThrow(Problem);
  });
  it("is an environment entry", () => {
    expect(environment(["A=1", "B=x=y", "C="])).toEqual({ A: "1", B: "x=y", C: "" });
    expect(() => environment(["=x"])).toThrow(Problem);
  });
});
