// A customer on a network, and what the host would keep between turns.
//
// The chat does what the bindings do around a call: what it gives is memory of its own, which the bot frees, and what
// it gets it frees itself. So `make test CC=gcc SANITIZE=address,undefined` finds every text that is freed twice or
// never.
#ifndef CONCIERGE_CHAT_H
#define CONCIERGE_CHAT_H

#include "contract.h"
#include "memory.h"

/// A conversation, and what came of its last turn.
typedef struct {
    text_t config;
    text_t full_name;
    text_t refused;
    uint64_t now_ms;
    bool agent_holds;
    /// The state, as the host keeps it.
    bot_option_string_t state;
    /// Whether the last turn was answered, and with what.
    bool answered;
    outcome_t outcome;
    failure_t failure;
    /// The memory in the state.
    memory_t memory;
    arena_t arena;
} chat_t;

/// A new conversation with Jo Quill at noon on Thursday, 1970-01-01.
chat_t chat_begin(void);
void chat_end(chat_t *chat);

void chat_says(chat_t *chat, text_t words);
void chat_presses(chat_t *chat, text_t payload);
void chat_picks(chat_t *chat, text_t list_response);
/// An update without a payload: created or closed.
void chat_update(chat_t *chat, uint8_t operation);
void chat_agent_responds(chat_t *chat);
/// Somebody else holds the conversation: the bot of this id, or an agent when it is empty.
void chat_owner_changes(chat_t *chat, text_t bot);
void chat_other_update(chat_t *chat, text_t kind);

/// The text that the last turn said; empty when it said none.
text_t chat_said(const chat_t *chat);
/// The last turn's actions, each in a word.
text_t chat_actions(chat_t *chat);
/// The last line in the log.
extern text_t chat_log;

#endif
