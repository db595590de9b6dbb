// The bot's border: what the host calls, and the line that each turn writes to the log.
//
// Only this file knows that there is a host. All decisions are plain functions of their arguments, so `npm test` runs them
// in Node:
//
// | file            | what it answers                              |
// | --------------- | -------------------------------------------- |
// | `concierge.ts`  | what comes of a message or an update?        |
// | `settings.ts`   | how did the operator configure this bot?     |
// | `memory.ts`     | what do we know of this conversation?        |
// | `understand.ts` | what does the customer want?                 |
// | `hours.ts`      | are we open?                                 |
// | `answer.ts`     | what do we do about it?                      |
// | `say.ts`        | how is that written in the contract's types? |
// | `text.ts`       | where does a word begin and end?             |
// | `json.ts`       | is this JSON what it should be?              |

import { write } from "bothost:bot/log@0.1.0";
import type { Context, Message, Outcome } from "bothost:bot/message@0.1.0";
import type { Update } from "bothost:bot/update@0.1.0";

import { onMessage, onUpdate, type Turn } from "./concierge.ts";
import { VERSION } from "./version.ts";

/** The contract's interface `message`. */
export const message = {
  handle: (context: Context, message: Message) => logged(onMessage(context, message)),
};

/** The contract's interface `update`. */
export const update = {
  handle: (context: Context, update: Update) => logged(onUpdate(context, update)),
};

function logged({ outcome, level, line }: Turn): Outcome {
  write(level, `concierge ${VERSION}: ${line}`);
  return outcome;
}
