// The end of a way on a timeline that its owner has given up.

/** The owner has given a way up. The run stands at a moment on it. */
export class WayGivenUp extends Error {
  constructor() {
    super("the way to a moment was given up");
    this.name = "WayGivenUp";
  }
}
