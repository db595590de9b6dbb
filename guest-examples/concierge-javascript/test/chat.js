// A customer on a network, and what the host would keep between turns: whole conversations need no host.

import assert from "node:assert/strict";

import { onMessage, onUpdate } from "../src/concierge.js";
import { readMemory } from "../src/memory.js";

export const JO = { id: "a-77", fullName: "Jo Quill", properties: [], extras: [] };

const SILENT_MESSAGE = {
  id: null,
  text: null,
  author: JO,
  owner: null,
  publishedMs: null,
  receivedMs: null,
  presses: [],
  form: null,
  listResponse: null,
  media: [],
  location: null,
  referral: null,
  properties: [],
  extras: [],
};

export class Chat {
  /** What the host knows of the conversation. A test may change it between turns. */
  context = {
    platform: "khoros",
    eventId: "1",
    botId: "concierge",
    conversationId: "c",
    network: "whatsapp",
    channel: "house",
    visibility: "private",
    owner: { tag: "bot", val: "concierge" },
    maySpeak: true,
    attempt: 1,
    state: null,
    config: JSON.stringify({ "tag-person": 1001, "tag-booking": 1002 }),
    // Thursday, 1970-01-01, at noon.
    nowMs: 12 * 3_600_000,
    seed: 7,
    history: [],
    raw: "{}",
    extras: [],
  };

  /** The line that the last turn logged. */
  line = "";
  /** How much that line matters. */
  level = "";

  /** One message with these fields; what the bot does about it. */
  message(fields) {
    return this.#keep(onMessage(this.context, { ...SILENT_MESSAGE, ...fields }));
  }

  says(text) {
    return this.message({ text });
  }

  presses(payload) {
    return this.message({ presses: [{ kind: "postback", payload, text: null }] });
  }

  update(operation) {
    const update = { author: JO, operation, conversation: null, extras: [] };
    assert.deepEqual(this.#keep(onUpdate(this.context, update)), []);
  }

  get memory() {
    return readMemory(this.context.state);
  }

  #keep({ outcome, line, level }) {
    Object.assign(this, { line, level });
    if (outcome.state.tag === "set") this.context.state = outcome.state.val;
    if (outcome.state.tag === "clear") this.context.state = null;
    return outcome.actions;
  }
}

/** The one response among these actions. */
export function response(actions) {
  const responses = actions.filter((action) => action.tag === "respond");
  assert.equal(responses.length, 1);
  return responses[0].val;
}

/** What these actions say. */
export function text(actions) {
  return response(actions).text;
}
