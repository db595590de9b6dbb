// A concierge: greets new customers, tells opening hours, offers treatments and hands over to people.
//
// This file is the bot's border: it reads what the host gives, asks the other files what to do, and logs one line. What
// the host gives belongs to the bot, and is freed here when the turn is over, as is the arena that the turn worked in.
// What the host gets is made in say.c.
//
// | file         | what it answers                                |
// | ------------ | ---------------------------------------------- |
// | settings.c   | how did the operator configure this bot?       |
// | memory.c     | what do we know of this conversation?          |
// | understand.c | what does the customer want?                   |
// | hours.c      | are we open?                                   |
// | answer.c     | what do we do about it?                        |
// | say.c        | how is that written in the contract's types?   |
// | json.c       | what does this JSON say?                       |
// | text.c       | how are texts cut, joined and kept?            |
#include "answer.h"
#include "contract.h"
#include "json.h"
#include "memory.h"
#include "settings.h"
#include "understand.h"

/// Shown in the log, so that one can see which version answered. `make VERSION=2.0.0` builds another.
#ifndef CONCIERGE_VERSION
#define CONCIERGE_VERSION "1.0.0"
#endif

/// Writes the turn's line to the log.
static void log_line(arena_t *arena, bothost_bot_log_level_t level, text_t words) {
    text_t line = text_join(arena, T("concierge " CONCIERGE_VERSION ": "), words);
    // The host reads the line during the call, so it needs no copy.
    bot_string_t string = {(uint8_t *)line.at, line.bytes};
    bothost_bot_log_write(level, &string);
}

/// Reads the conversation's memory. One that cannot be read will not get better by trying again, so the bot gives up,
/// and the host calls an agent.
static bool recall(arena_t *arena, const context_t *context, memory_t *memory, failure_t *failure) {
    text_t complaint;
    *memory = (memory_t){0};
    if (!context->state.is_some || memory_read(arena, text_of(context->state.val), memory, &complaint)) return true;
    text_t reason = text_join(arena, T("the conversation's state is not one of concierge's: "), complaint);
    failure->tag = BOTHOST_BOT_ACTIONS_FAILURE_GIVE_UP;
    failure->val.give_up = copy_for_host(reason);
    return false;
}

static void remember(arena_t *arena, const memory_t *memory, outcome_t *outcome) {
    outcome->state.tag = BOTHOST_BOT_ACTIONS_STATE_CHANGE_SET;
    outcome->state.val.set = copy_for_host(memory_write(arena, memory));
}

/// Whether the host would refuse this action where the conversation happens: it says so in the context's `refused`.
static bool refuses(arena_t *arena, const context_t *context, text_t action) {
    const json_t *names = NULL;
    text_t complaint;
    for (size_t i = 0; i < context->extras.len && names == NULL; i++) {
        const bothost_bot_types_extra_t *extra = &context->extras.ptr[i];
        if (text_equal(text_of(extra->key), T("refused"))) names = json_read(arena, text_of(extra->value), &complaint);
    }
    bool found = false;
    for (const json_t *name = names == NULL ? NULL : names->first; name != NULL; name = name->next) {
        if (names->kind != JSON_LIST || name->kind != JSON_TEXT) return false;
        found = found || text_equal(name->text, action);
    }
    return found;
}

/// The name to greet somebody by. Some networks invent one ("Anonymous Stork 1afc-9b12"), which is worse than none.
static text_t first_name(text_t full_name) {
    text_t name = text_trim(full_name), rest = name;
    while (rest.bytes > 0) {
        size_t before = name.bytes - rest.bytes;
        if (is_space(text_next(&rest))) name.bytes = before, rest.bytes = 0;
    }
    return text_equal(name, T("Anonymous")) ? T("") : name;
}

static text_t intent_words(arena_t *arena, intent_t intent) {
    text_t name = wish_payload(intent.wish);
    return intent.wish == CHOOSE ? text_join(arena, name, T(" "), intent.treatment->id) : name;
}

static bool on_message(arena_t *arena, const context_t *context, const message_t *message, outcome_t *outcome,
                       failure_t *failure) {
    settings_t settings;
    memory_t memory;
    text_t complaint = settings_read(arena, text_of(context->config), &settings);
    if (!recall(arena, context, &memory, failure)) return false;
    memory_count(&memory, text_of_option(message->text));

    intent_t intent = understand(arena, message, &settings, memory.offered);
    // While an agent has the conversation, listening is fine and answering would be refused.
    if (context->may_speak) {
        situation_t situation = {
            .settings = &settings,
            .first_name = first_name(text_of_option(message->author.full_name)),
            .has_people = !refuses(arena, context, T("hand-off")),
            .now_ms = context->now_ms,
        };
        answer(arena, intent, &situation, &memory, &outcome->actions);
    }
    remember(arena, &memory, outcome);

    text_t count = text_from_number(arena, memory.messages), actions = text_from_number(arena, outcome->actions.len);
    text_t semicolon = complaint.bytes > 0 ? T("; ") : T("");
    log_line(arena, complaint.bytes > 0 ? BOTHOST_BOT_LOG_LEVEL_WARN : BOTHOST_BOT_LOG_LEVEL_INFO,
             text_join(arena, T("message "), count, T(", "), intent_words(arena, intent), T(", "), actions,
                       T(" actions"), semicolon, complaint));
    return true;
}

/// What it means that somebody else holds the conversation, in words.
static text_t meet_owner(const bothost_bot_types_owner_t *owner, text_t own_id, memory_t *memory) {
    if (owner->tag == BOTHOST_BOT_TYPES_OWNER_AGENT) {
        memory_meet_agent(memory);
        return T("an agent has the conversation now");
    }
    if (!text_equal(text_of(owner->val.bot), own_id)) return T("another bot has the conversation now");
    memory->misunderstood = 0;
    return T("the conversation is mine again");
}

static bool on_update(arena_t *arena, const context_t *context, const update_t *update, outcome_t *outcome,
                      failure_t *failure) {
    memory_t memory = {0};
    text_t line;
    switch (update->operation.tag) {
    // These two do not look at the old memory, so they also heal one that cannot be read.
    case EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CREATED:
        line = T("a new conversation");
        remember(arena, &memory, outcome);
        break;
    case EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CLOSED:
        line = T("the conversation ended");
        outcome->state.tag = BOTHOST_BOT_ACTIONS_STATE_CHANGE_CLEAR;
        break;
    case EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_AGENT_RESPONSE:
        if (!recall(arena, context, &memory, failure)) return false;
        line = T("an agent answered");
        memory_meet_agent(&memory);
        remember(arena, &memory, outcome);
        break;
    case EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_OWNER_CHANGED:
        if (!recall(arena, context, &memory, failure)) return false;
        line = meet_owner(&update->operation.val.owner_changed, text_of(context->bot_id), &memory);
        remember(arena, &memory, outcome);
        break;
    // A platform may tell more than this bot knows of; that is no reason to fail. The state stays as it was.
    default: line = text_join(arena, text_of(update->operation.val.other.kind), T(" means nothing to me"));
    }
    log_line(arena, BOTHOST_BOT_LOG_LEVEL_INFO, line);
    return true;
}

bool exports_bothost_bot_message_handle(context_t *context, message_t *message, outcome_t *outcome,
                                        failure_t *failure) {
    arena_t arena = {NULL};
    *outcome = (outcome_t){0};
    bool answered = on_message(&arena, context, message, outcome, failure);
    arena_free(&arena);
    exports_bothost_bot_message_context_free(context);
    exports_bothost_bot_message_message_free(message);
    return answered;
}

bool exports_bothost_bot_update_handle(context_t *context, update_t *update, outcome_t *outcome, failure_t *failure) {
    arena_t arena = {NULL};
    *outcome = (outcome_t){0};
    bool answered = on_update(&arena, context, update, outcome, failure);
    arena_free(&arena);
    exports_bothost_bot_update_context_free(context);
    exports_bothost_bot_update_update_free(update);
    return answered;
}
