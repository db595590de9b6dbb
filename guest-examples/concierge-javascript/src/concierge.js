// What comes of a message or an update: an outcome for the host, and a line for the log.

import { answer } from "./answer.js";
import { count, freshMemory, metAnAgent, readMemory, writeMemory } from "./memory.js";
import { giveUp } from "./say.js";
import { readSettings } from "./settings.js";
import { firstWord, readJson } from "./text.js";
import { understand } from "./understand.js";

const KEEP = { tag: "keep" };
const CLEAR = { tag: "clear" };

/** Answers a message of the customer; while an agent has the conversation it only listens. */
export function onMessage(context, message) {
  const { settings, complaint } = readSettings(context.config);
  const memory = recall(context);
  count(memory, message.text);

  const intent = understand(message, settings.treatments, memory.offered);
  // An agent may have the conversation. Listening is fine then, answering would be refused.
  const actions = context.maySpeak ? answer(intent, situation(context, message, settings), memory) : [];

  const meant = intent.kind === "choose" ? `choose ${intent.treatment.id}` : intent.kind;
  const line = `message ${memory.messages}, ${meant}, ${actions.length} actions`;
  return complaint === null
    ? turn(actions, set(memory), line)
    : turn(actions, set(memory), `${line}; ${complaint}`, "warn");
}

/** Remembers what happened to the conversation. */
export function onUpdate(context, { operation }) {
  switch (operation.tag) {
    // These two do not look at the old memory, so they also heal one that cannot be read.
    case "created":
      return turn([], set(freshMemory()), "a new conversation");
    case "closed":
      return turn([], CLEAR, "the conversation ended");
    case "agent-response": {
      const memory = recall(context);
      metAnAgent(memory);
      return turn([], set(memory), "an agent answered");
    }
    case "owner-changed": {
      const memory = recall(context);
      const line = newOwner(operation.val, context.botId, memory);
      return turn([], set(memory), line);
    }
    // A platform may tell more than this bot knows of; that is no reason to fail.
    default:
      return turn([], KEEP, `${operation.val.kind} means nothing to me`);
  }
}

function newOwner(owner, botId, memory) {
  if (owner.tag === "agent") {
    metAnAgent(memory);
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
function recall(context) {
  try {
    return readMemory(context.state);
  } catch (error) {
    throw giveUp(`the conversation's state is not one of concierge's: ${error.message}`);
  }
}

/** What an answer depends on besides the memory. */
function situation(context, message, settings) {
  return {
    settings,
    firstName: firstName(message.author.fullName),
    hasPeople: !refuses(context, "hand-off"),
    // Some tools hand 64-bit numbers over as BigInt.
    nowMs: Number(context.nowMs),
  };
}

/** Whether the host would refuse this action where the conversation happens: it says so in the context's `refused`. */
function refuses(context, action) {
  const refused = context.extras.find((extra) => extra.key === "refused");
  const actions = readJson(refused?.value);
  return Array.isArray(actions) && actions.includes(action);
}

/** The name to greet somebody by. Some networks invent one ("Anonymous Stork 1afc-9b12"), which is worse than none. */
function firstName(fullName) {
  const name = firstWord(fullName ?? "");
  return name === "Anonymous" ? null : name;
}

function set(memory) {
  return { tag: "set", val: writeMemory(memory) };
}

function turn(actions, state, line, level = "info") {
  return { outcome: { actions, state, extras: [] }, level, line };
}
