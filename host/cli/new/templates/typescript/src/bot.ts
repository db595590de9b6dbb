// {{name}}: greets by name, says back what it is told, and counts the messages.
//
// The host calls `handle` for each event. A bot does nothing itself: it returns what it wants done. And it remembers nothing
// itself: each event gets a fresh instance of it, and only the state lasts.

// The types are made of wit/ by `bothost build`: look for them in target/bothost/types.
import type { Action, Failure, Outcome } from "bothost:bot/actions@0.1.0";
import { write } from "bothost:bot/log@0.1.0";
import type { Context, Message } from "bothost:bot/message@0.1.0";
import type { Update } from "bothost:bot/update@0.1.0";

/** What the bot gets when its button is pressed. */
const START_OVER = "start-over";

/** The contract's interface `message`. */
export const message = {
  /** The customer said something, or pressed a button. */
  handle(context: Context, message: Message): Outcome {
    const before = messagesBefore(context.state);
    const startsOver = message.presses.some((press) => press.payload === START_OVER);
    const count = startsOver ? 0 : before + 1;
    // The log of this turn: `/why` in `bothost chat` shows it, and so does `bothost explain`.
    write("info", `{{name}}: message ${count}`);

    // While a human agent has the conversation, the bot listens and stays silent: an answer would be refused.
    const actions = context.maySpeak ? [say(answer(count, message))] : [];
    return { actions, state: { tag: "set", val: String(count) }, extras: [] };
  },
};

/** The contract's interface `update`. */
export const update = {
  /** Something happened to the conversation. When it ended, the bot forgets it. */
  handle(_context: Context, { operation }: Update): Outcome {
    return { actions: [], state: { tag: operation.tag === "closed" ? "clear" : "keep" }, extras: [] };
  },
};

/** How many messages came before this one: the state is their number. */
function messagesBefore(state: string | null | undefined): number {
  // What is missing is `undefined` in the types and comes as `null`: `== null` and `??` take both.
  if (state == null) return 0;
  if (/^\d+$/.test(state)) return Number(state);
  // Another try would find the same state, so the bot gives up; `retry` is for trouble that passes. What is thrown is a
  // `Failure`: an `Error` would be a crash.
  const failure: Failure = { tag: "give-up", val: `the state is not a number: ${state}` };
  throw failure;
}

function answer(count: number, message: Message): string {
  if (count === 0) return "Fine, we start over.";
  if (count === 1) return `Hello, ${message.author.fullName ?? "you"}! Tell me something.`;
  return `You said: ${message.text ?? "nothing"} (message ${count})`;
}

/** The action that says a text, with a button below it. */
function say(text: string): Action {
  const button = { tag: "postback" as const, val: { text: "Start over", payload: START_OVER } };
  return { tag: "respond", val: { text, buttons: [button], extras: [] } };
}
