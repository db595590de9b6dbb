// The contract's types for what this bot says and does.

import type { Action, Failure, ListMessage, ListPicker, Response } from "bothost:bot/actions@0.1.0";

import type { Treatment } from "./settings.ts";
import type { Wish } from "./understand.ts";

/** A text. */
export function say(text: string): Action {
  return respond({ text });
}

/** A text with a button for each wish. */
export function sayWithButtons(text: string, buttons: ReadonlyMap<Wish, string>): Action {
  const postbacks = Array.from(buttons, ([payload, text]) => ({ tag: "postback" as const, val: { text, payload } }));
  return respond({ text, buttons: postbacks });
}

/** The treatments as a list picker. Where the network has none the host shows a numbered list with buttons in its place. */
export function sayWithTreatments(invitation: string, treatments: readonly Treatment[]): Action {
  const listPicker: ListPicker = {
    requestMessage: bubble("Our treatments", "Tap to choose"),
    responseMessage: bubble("Your choice", "Thank you"),
    sections: [{ id: "treatments", title: "Treatments", multipleSelection: false, choices: [...treatments] }],
  };
  return respond({ text: invitation, attachment: { tag: "list-picker", val: listPicker } });
}

/**
 * An answer with "is writing" shown around it; where the network cannot, the host leaves that out. Sending a message does not
 * end the indicator, so it is ended too.
 */
export function whileTyping(answer: Action): Action[] {
  return [{ tag: "typing-start" }, answer, { tag: "typing-stop" }];
}

/** A note that only agents see. */
export function note(text: string): Action {
  return { tag: "note", val: text };
}

/** Gives the conversation to an agent, with a comment that agents see. */
export function handOff(comment: string): Action {
  return { tag: "hand-off", val: comment };
}

/** The operator's tag for this, where there is one. */
export function tag(id: number | null): Action[] {
  return id === null ? [] : [{ tag: "tag", val: [String(id)] }];
}

/** What to throw when an event cannot be handled and another try would not help. An `Error` that is thrown is a crash. */
export function giveUp(reason: string): Failure {
  return { tag: "give-up", val: reason };
}

function respond(response: Partial<Response>): Action {
  return { tag: "respond", val: { buttons: [], extras: [], ...response } };
}

function bubble(title: string, subtitle: string): ListMessage {
  return { title, subtitle };
}
