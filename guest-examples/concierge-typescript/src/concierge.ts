// What comes of a message or an update: an outcome for the host, and a line for the log.
//
// The generated types say `undefined` where the contract has nothing to say; from QuickJS it comes as `null`. So what may be
// missing is asked for with `??` and `== null`, which take both.

import type { Action, Outcome, StateChange } from "bothost:bot/actions@0.1.0";
import type { Level } from "bothost:bot/log@0.1.0";
import type { Context, Message } from "bothost:bot/message@0.1.0";
import type { Owner, Update } from "bothost:bot/update@0.1.0";

import { answer, type Situation } from "./answer.ts";
import { isListOf, isText, readJson } from "./json.ts";
import { Memory } from "./memory.ts";
import { giveUp } from "./say.ts";
import { readSettings, type Settings } from "./settings.ts";
import { firstWord } from "./text.ts";
import { understand } from "./understand.ts";

/** What came of an event, and the line that the log gets about it. */
export interface Turn {
  readonly outcome: Outcome;
  readonly level: Level;
  readonly line: string;
}

/** Answers a message of the customer; while an agent has the conversation it only listens. */
export function onMessage(context: Context, message: Message): Turn {
  const { settings, complaint } = readSettings(context.config);
  const memory = recall(context);
  memory.count(message.text);

  const intent = understand(message, settings.treatments, memory.offered);
  // An agent may have the conversation. Listening is fine then, answering would be refused.
  const actions = context.maySpeak ? answer(intent, situation(context, message, settings), memory) : [];

  const meant = intent.kind === "choose" ? `choose ${intent.treatment.id}` : intent.kind;
  const line = `message ${memory.messages}, ${meant}, ${actions.length} actions`;
  return complaint === undefined
    ? turn(set(memory), line, actions)
    : turn(set(memory), `${line}; ${complaint}`, actions, "warn");
}

/** Remembers what happened to the conversation. */
export function onUpdate(context: Context, { operation }: Update): Turn {
  switch (operation.tag) {
    // These two do not look at the old memory, so they also heal one that cannot be read.
    case "created":
      return turn(set(new Memory()), "a new conversation");
    case "closed":
      return turn({ tag: "clear" }, "the conversation ended");
    case "agent-response": {
      const memory = recall(context);
      memory.metAnAgent();
      return turn(set(memory), "an agent answered");
    }
    case "owner-changed": {
      const memory = recall(context);
      const line = newOwner(operation.val, context.botId, memory);
      return turn(set(memory), line);
    }
    // A platform may tell more than this bot knows of; that is no reason to fail.
    case "other":
      return turn({ tag: "keep" }, `${operation.val.kind} means nothing to me`);
  }
}

function newOwner(owner: Owner, botId: string, memory: Memory): string {
  if (owner.tag === "agent") {
    memory.metAnAgent();
    return "an agent has the conversation now";
  }
  if (owner.val === botId) {
    memory.misunderstood = 0;
    return "the conversation is mine again";
  }
  return "another bot has the conversation now";
}

/**
 * Reads the conversation's memory. One that cannot be read will not get better by trying again, so the bot gives up, and
 * the host calls an agent.
 */
function recall(context: Context): Memory {
  try {
    return Memory.read(context.state);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw giveUp(`the conversation's state is not one of concierge's: ${reason}`);
  }
}

function situation(context: Context, message: Message, settings: Settings): Situation {
  return {
    settings,
    firstName: firstName(message.author.fullName),
    hasPeople: !refuses(context, "hand-off"),
    // The generated types say `bigint`; QuickJS gives a number.
    nowMs: Number(context.nowMs),
  };
}

/** Whether the host would refuse this action where the conversation happens: it says so in the context's `refused`. */
function refuses(context: Context, action: Action["tag"]): boolean {
  const refused = context.extras.find((extra) => extra.key === "refused");
  const actions = refused && readJson(refused.value);
  return isListOf(isText)(actions) && actions.includes(action);
}

/** The name to greet somebody by. Some networks invent one ("Anonymous Stork 1afc-9b12"), which is worse than none. */
function firstName(fullName: string | undefined): string | undefined {
  const name = firstWord(fullName ?? "");
  return name === "Anonymous" ? undefined : name;
}

function set(memory: Memory): StateChange {
  return { tag: "set", val: memory.write() };
}

function turn(state: StateChange, line: string, actions: Action[] = [], level: Level = "info"): Turn {
  return { outcome: { actions, state, extras: [] }, level, line };
}
