// The bot's border: what the host calls, and the line that each turn writes to the log.
//
// Only this file knows that there is a host. All decisions are plain functions of their arguments, so `npm test` runs them
// in Node:
//
// | file            | what it answers                               |
// | --------------- | --------------------------------------------- |
// | `concierge.js`  | what comes of a message or an update?         |
// | `settings.js`   | how did the operator configure this bot?      |
// | `memory.js`     | what do we know of this conversation?         |
// | `understand.js` | what does the customer want?                  |
// | `hours.js`      | are we open?                                  |
// | `answer.js`     | what do we do about it?                       |
// | `say.js`        | how is that written in the contract's shapes? |
// | `text.js`       | where does a word begin and end?              |

import { write } from "bothost:bot/log@0.1.0";

import { onMessage, onUpdate } from "./concierge.js";
import { VERSION } from "./version.js";

/** The contract's interface `message`. */
export const message = {
  handle: (context, message) => logged(onMessage(context, message)),
};

/** The contract's interface `update`. */
export const update = {
  handle: (context, update) => logged(onUpdate(context, update)),
};

function logged({ outcome, level, line }) {
  write(level, `concierge ${VERSION}: ${line}`);
  return outcome;
}
