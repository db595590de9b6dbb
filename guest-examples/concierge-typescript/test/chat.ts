// A customer on a network, and what the host would keep between turns: whole conversations need no host.

import assert from "node:assert/strict";

import type { Action, Response } from "bothost:bot/actions@0.1.0";
import type { Message } from "bothost:bot/message@0.1.0";
import type { Author, Context } from "bothost:bot/types@0.1.0";
import type { Operation } from "bothost:bot/update@0.1.0";

import { onMessage, onUpdate, type Turn } from "../src/concierge.ts";
import { Memory } from "../src/memory.ts";

export const JO: Author = { id: "a-77", fullName: "Jo Quill", properties: [], extras: [] };

const SILENT_MESSAGE: Message = { author: JO, presses: [], media: [], properties: [], extras: [] };

export class Chat {
  /** What the host knows of the conversation. A test may change it between turns. */
  readonly context: Context = {
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
    config: JSON.stringify({ "tag-person": 1001, "tag-booking": 1002 }),
    // Thursday, 1970-01-01, at noon.
    nowMs: 12n * 3_600_000n,
    seed: 7n,
    history: [],
    raw: "{}",
    extras: [],
  };

  /** The last turn. */
  turn?: Turn;

  /** One message with these fields; what the bot does about it. */
  message(fields: Partial<Message>): Action[] {
    return this.#keep(onMessage(this.context, { ...SILENT_MESSAGE, ...fields }));
  }

  says(text: string): Action[] {
    return this.message({ text });
  }

  presses(payload: string): Action[] {
    return this.message({ presses: [{ kind: "postback", payload }] });
  }

  update(operation: Operation): void {
    assert.deepEqual(this.#keep(onUpdate(this.context, { author: JO, operation, extras: [] })), []);
  }

  get memory(): Memory {
    return Memory.read(this.context.state);
  }

  #keep(turn: Turn): Action[] {
    this.turn = turn;
    const { actions, state } = turn.outcome;
    if (state.tag === "set") this.context.state = state.val;
    if (state.tag === "clear") delete this.context.state;
    return actions;
  }
}

/** The one response among these actions. */
export function response(actions: Action[]): Response {
  const responses = actions.flatMap((action) => (action.tag === "respond" ? [action.val] : []));
  assert.ok(responses[0]);
  assert.equal(responses.length, 1);
  return responses[0];
}

/** What these actions say. */
export function text(actions: Action[]): string {
  return response(actions).text ?? "";
}
