// The contract's shapes for what this bot says and does. Options that are not there are `null`.

/** A text. */
export function say(text) {
  return respond(text, [], null);
}

/** A text with buttons, each with a `text` and the `payload` that it sends. */
export function sayWithButtons(text, buttons) {
  return respond(
    text,
    buttons.map((button) => ({ tag: "postback", val: button })),
    null,
  );
}

/** The treatments as a list picker. Where the network has none the host shows a numbered list with buttons in its place. */
export function sayWithTreatments(invitation, treatments) {
  const listPicker = {
    requestMessage: bubble("Our treatments", "Tap to choose"),
    responseMessage: bubble("Your choice", "Thank you"),
    sections: [
      {
        id: "treatments",
        title: "Treatments",
        multipleSelection: false,
        choices: treatments.map((treatment) => ({ ...treatment, media: null })),
      },
    ],
  };
  return respond(invitation, [], { tag: "list-picker", val: listPicker });
}

/**
 * An answer with "is writing" shown around it; where the network cannot, the host leaves that out. Sending a message does not
 * end the indicator, so it is ended too.
 */
export function whileTyping(answer) {
  return [{ tag: "typing-start" }, answer, { tag: "typing-stop" }];
}

/** A note that only agents see. */
export function note(text) {
  return { tag: "note", val: text };
}

/** Gives the conversation to an agent, with a comment that agents see. */
export function handOff(comment) {
  return { tag: "hand-off", val: comment };
}

/** The operator's tag for this, where there is one. */
export function tag(id) {
  return id === null ? [] : [{ tag: "tag", val: [id] }];
}

/** What to throw when an event cannot be handled and another try would not help. An `Error` that is thrown is a crash. */
export function giveUp(reason) {
  return { tag: "give-up", val: reason };
}

function respond(text, buttons, attachment) {
  return { tag: "respond", val: { text, buttons, attachment, extras: [] } };
}

function bubble(title, subtitle) {
  return { title, subtitle, media: null, style: null };
}
