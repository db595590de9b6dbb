// {{name}}: greets by name, says back what it is told, and counts the messages.
//
// The host calls `handle` for each event. A bot does nothing itself: it returns what it wants done. And it remembers nothing
// itself: each event gets a fresh instance of it, and only the state lasts.

// The one thing that a bot may call.
import { write } from "bothost:bot/log@0.1.0";

/** What the bot gets when its button is pressed. */
const START_OVER = "start-over";

/** The contract's interface `message`: wit/message.wit. A name with `-` there, such as may-speak, is maySpeak here. */
export const message = {
  /** The customer said something, or pressed a button. */
  handle(context, message) {
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

/** The contract's interface `update`: wit/update.wit. */
export const update = {
  /** Something happened to the conversation. When it ended, the bot forgets it. */
  handle(context, { operation }) {
    const state = operation.tag === "closed" ? { tag: "clear" } : { tag: "keep" };
    return { actions: [], state, extras: [] };
  },
};

/** How many messages came before this one: the state is their number. What is missing comes as `null`. */
function messagesBefore(state) {
  if (state === null) return 0;
  if (/^\d+$/.test(state)) return Number(state);
  // Another try would find the same state, so the bot gives up; `retry` is for trouble that passes. What is thrown is an
  // object of the contract's type `failure`: an `Error` would be a crash.
  throw { tag: "give-up", val: `the state is not a number: ${state}` };
}

function answer(count, message) {
  if (count === 0) return "Fine, we start over.";
  if (count === 1) return `Hello, ${message.author.fullName ?? "you"}! Tell me something.`;
  return `You said: ${message.text ?? "nothing"} (message ${count})`;
}

/** The action that says a text, with a button below it. */
function say(text) {
  const button = { tag: "postback", val: { text: "Start over", payload: START_OVER } };
  return { tag: "respond", val: { text, buttons: [button], extras: [] } };
}
