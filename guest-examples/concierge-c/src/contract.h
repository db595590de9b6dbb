// The contract's types, made of wit/ by `wit-bindgen`, under short names.
#ifndef CONCIERGE_CONTRACT_H
#define CONCIERGE_CONTRACT_H

#include "bot.h"
#include "text.h"

typedef bothost_bot_types_context_t context_t;
typedef exports_bothost_bot_message_message_t message_t;
typedef exports_bothost_bot_update_update_t update_t;
typedef bothost_bot_actions_outcome_t outcome_t;
typedef bothost_bot_actions_failure_t failure_t;
typedef bothost_bot_actions_list_action_t actions_t;
typedef bothost_bot_actions_action_t action_t;
typedef bothost_bot_actions_button_t button_t;
typedef bothost_bot_actions_list_picker_t list_picker_t;

/// What the host gave, to look at; it stays the owner's.
static inline text_t text_of(bot_string_t string) { return (text_t){(const char *)string.ptr, string.len}; }

/// The same of what may be missing: then it is empty.
static inline text_t text_of_option(bot_option_string_t option) { return option.is_some ? text_of(option.val) : T(""); }

/// A copy for the host, which frees it after the call.
static inline bot_string_t copy_for_host(text_t content) {
    bot_string_t copy = {NULL, 0};
    if (content.bytes > 0) bot_string_dup_n(&copy, content.at, content.bytes);
    return copy;
}

#endif
