/** What modules that look for their environment find; each is asked by its own names. */
import axios from "axios";
import * as axiosPlatform from "axios/unsafe/platform/common/utils.js";
import * as browserOrNode from "browser-or-node";
import detectNode from "detect-node";
import * as environment from "environment";
import { isBrowser, isJsDom, isNode } from "is-in-browser";
import * as stdEnv from "std-env";
import * as wherearewe from "wherearewe";

const yes = (flags) => Object.keys(flags).filter((name) => flags[name] === true);

// The expressions that the output of Emscripten begins with.
const ENVIRONMENT_IS_WEB = typeof window == "object" && typeof document == "object";
const ENVIRONMENT_IS_WORKER = typeof WorkerGlobalScope != "undefined";
const ENVIRONMENT_IS_NODE =
  typeof process == "object" && process.versions?.node && process.type != "renderer";
const ENVIRONMENT_IS_SHELL = !ENVIRONMENT_IS_WEB && !ENVIRONMENT_IS_NODE && !ENVIRONMENT_IS_WORKER;

const found = {
  axios: yes({
    ...axiosPlatform,
    takesFetch: axios.getAdapter(["xhr", "http", "fetch"]) === axios.getAdapter("fetch"),
  }),
  "browser-or-node": yes(browserOrNode),
  "detect-node": yes({ isNode: detectNode }),
  emscripten: yes({
    ENVIRONMENT_IS_WEB,
    ENVIRONMENT_IS_WORKER,
    ENVIRONMENT_IS_NODE,
    ENVIRONMENT_IS_SHELL,
  }),
  environment: yes(environment),
  "is-in-browser": yes({ isBrowser, isJsDom, isNode }),
  "std-env": yes({ ...stdEnv, isMinimal: false, hasWindow: false }),
  wherearewe: yes(wherearewe),
};
for (const [name, answers] of Object.entries(found)) console.log(name, answers.join(", "));
