// Checks of the page: each one gets a fresh profile, fails by an exception, and is counted.
import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import type { Site } from "./server.ts";

export interface World {
  readonly name: "Chromium" | "Firefox";
  readonly browser: Browser;
  readonly site: Site;
  /** The same page with the headers of isolation. */
  readonly isolated: Site;
  /** A folder for pictures. */
  readonly pictures: string;
}
export interface Check {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
}

/** Waits until the page has had so many runs. */
const runsOf = (page: Page, least: number): Promise<unknown> =>
  page.waitForFunction((n) => Number(document.querySelector<HTMLElement>("[data-runs]")?.dataset["runs"] ?? 0) >= n, least, {
    timeout: 20_000,
  });

/** Does something that makes the page run, and waits for the end of that run. */
export const ends = async (page: Page, action: () => Promise<unknown>): Promise<void> => {
  const before = Number(await page.locator("[data-runs]").getAttribute("data-runs"));
  await action();
  await runsOf(page, before + 1);
};

/** Opens the page, runs `use`, and fails for every unexpected error that the page has thrown or logged. */
export const withPage = async (
  { browser, site }: World,
  options: BrowserContextOptions & { readonly hash?: string; readonly url?: string },
  use: (page: Page) => Promise<void>,
  expected: readonly RegExp[] = [],
): Promise<void> => {
  const { hash = "", url = site.url, ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...rest });
  const errors: string[] = [];
  try {
    const page = await context.newPage();
    page.on("pageerror", ({ message }) => errors.push(message));
    page.on("console", (message) => message.type() === "error" && errors.push(`${message.text()} ${message.location().url}`));
    // A violation of the page's policy is an error, even if the code catches it.
    await page.addInitScript(() =>
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
        console.error(`the policy forbids ${violatedDirective}: ${blockedURI}`),
      ),
    );
    await page.goto(url + hash);
    await runsOf(page, 1);
    try {
      await use(page);
    } catch (error) {
      if (errors.length > 0) console.log(`the page has logged: ${errors.join("; ")}`);
      throw error;
    }
    assert.deepEqual(
      errors.filter((error) => !expected.some((one) => one.test(error))),
      [],
    );
  } finally {
    await context.close();
  }
};

/** The texts of the calls in the lanes. */
export const callsIn = (page: Page): Promise<string[]> =>
  page.$$eval("button.call", (buttons) => buttons.map((button) => button.getAttribute("aria-label") ?? ""));

/** Runs by the button, and waits for the end. */
export const runAgain = (page: Page): Promise<void> => ends(page, () => page.getByRole("button", { name: "▶ Run" }).click());

/** A list to choose from, by its name. */
export const choice = (page: Page, name: string) => page.getByRole("combobox", { name, exact: true });
/** Opens a lesson by its number, from 1. */
export const openLesson = (page: Page, number: number): Promise<void> =>
  ends(page, () => choice(page, "Lesson").selectOption({ index: number }));
/** Makes two machines of one. */
export const compareTwo = (page: Page): Promise<void> => ends(page, () => page.getByRole("button", { name: "Compare two" }).click());

/** Replaces the text of an editor, as a person does that has copied it elsewhere. */
export const write = async (editor: Locator, text: string): Promise<void> => {
  const page = editor.page();
  await page.evaluate((data) => {
    const elsewhere = document.createElement("textarea");
    elsewhere.value = data;
    document.body.append(elsewhere);
    elsewhere.select();
  }, text);
  await page.keyboard.press("ControlOrMeta+c");
  await page.evaluate(() => document.activeElement?.remove());
  await editor.press("ControlOrMeta+a");
  await editor.press("ControlOrMeta+v");
};
