// Which version answers: each line in the log says it.

/** The same as in package.json. Change both, build, and push: the log shows the swap. */
export const VERSION = "1.0.0";
