// A customer on a network, and what the host would keep between turns.
#include "chat.h"

#include <stdlib.h>
#include <string.h>

text_t chat_log;

/// Stands in for the host's `log`.
void __wasm_import_bothost_bot_log_write(int32_t level, uint8_t *at, size_t bytes) {
    static char line[1000];
    (void)level;
    memcpy(line, at, bytes < sizeof line ? bytes : sizeof line);
    chat_log = (text_t){line, bytes < sizeof line ? bytes : sizeof line};
}

/// Stands in for the object file with the contract's types, which only a component has.
void __component_type_object_force_link_bot(void) {}

static bot_option_string_t some(text_t content) { return (bot_option_string_t){true, copy_for_host(content)}; }

chat_t chat_begin(void) {
    return (chat_t){.config = T("{\"tag-person\": 1001, \"tag-booking\": 1002}"),
                    .full_name = T("Jo Quill"),
                    .now_ms = 12 * 3600000,
                    .answered = true};
}

static void forget_last(chat_t *chat) {
    if (chat->answered) bothost_bot_actions_outcome_free(&chat->outcome);
    else bothost_bot_actions_failure_free(&chat->failure);
}

void chat_end(chat_t *chat) {
    forget_last(chat);
    bot_option_string_free(&chat->state);
    arena_free(&chat->arena);
}

static context_t context_of(const chat_t *chat) {
    context_t context = {.bot_id = copy_for_host(T("concierge")), .attempt = 1, .seed = 7};
    context.config = copy_for_host(chat->config);
    context.now_ms = chat->now_ms;
    context.may_speak = !chat->agent_holds;
    if (chat->state.is_some) context.state = some(text_of(chat->state.val));
    if (chat->refused.bytes > 0) {
        bothost_bot_types_extra_t *extra = calloc(1, sizeof *extra);
        extra->key = copy_for_host(T("refused"));
        extra->value = copy_for_host(chat->refused);
        context.extras.ptr = extra;
        context.extras.len = 1;
    }
    return context;
}

static bothost_bot_types_author_t author_of(const chat_t *chat) {
    bothost_bot_types_author_t author = {.id = copy_for_host(T("a-77"))};
    if (chat->full_name.bytes > 0) author.full_name = some(chat->full_name);
    return author;
}

static void keep(chat_t *chat) {
    text_t complaint;
    uint8_t change = chat->outcome.state.tag;
    if (!chat->answered || change == BOTHOST_BOT_ACTIONS_STATE_CHANGE_KEEP) return;
    bot_option_string_free(&chat->state);
    chat->state.is_some = change == BOTHOST_BOT_ACTIONS_STATE_CHANGE_SET;
    chat->memory = (memory_t){0};
    if (!chat->state.is_some) return;
    chat->state = some(text_of(chat->outcome.state.val.set));
    memory_read(&chat->arena, text_of(chat->state.val), &chat->memory, &complaint);
}

static void turn(chat_t *chat, message_t message) {
    context_t context = context_of(chat);
    message.author = author_of(chat);
    forget_last(chat);
    chat->answered = exports_bothost_bot_message_handle(&context, &message, &chat->outcome, &chat->failure);
    keep(chat);
}

static void turn_update(chat_t *chat, exports_bothost_bot_update_operation_t operation) {
    context_t context = context_of(chat);
    update_t update = {.author = author_of(chat), .operation = operation};
    forget_last(chat);
    chat->answered = exports_bothost_bot_update_handle(&context, &update, &chat->outcome, &chat->failure);
    keep(chat);
}

void chat_says(chat_t *chat, text_t words) { turn(chat, (message_t){.text = some(words)}); }

void chat_presses(chat_t *chat, text_t payload) {
    exports_bothost_bot_message_press_t *press = calloc(1, sizeof *press);
    press->kind = copy_for_host(T("postback"));
    press->payload = copy_for_host(payload);
    turn(chat, (message_t){.presses = {press, 1}});
}

void chat_picks(chat_t *chat, text_t list_response) {
    turn(chat, (message_t){.list_response = {true, copy_for_host(list_response)}});
}

void chat_update(chat_t *chat, uint8_t operation) {
    turn_update(chat, (exports_bothost_bot_update_operation_t){.tag = operation});
}

void chat_agent_responds(chat_t *chat) {
    exports_bothost_bot_update_operation_t operation = {.tag = EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_AGENT_RESPONSE};
    operation.val.agent_response = (exports_bothost_bot_update_agent_response_t){.text = some(T("hi"))};
    turn_update(chat, operation);
}

void chat_owner_changes(chat_t *chat, text_t bot) {
    exports_bothost_bot_update_operation_t operation = {.tag = EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_OWNER_CHANGED};
    operation.val.owner_changed = (bothost_bot_types_owner_t){.tag = BOTHOST_BOT_TYPES_OWNER_AGENT};
    if (bot.bytes > 0) {
        operation.val.owner_changed.tag = BOTHOST_BOT_TYPES_OWNER_BOT;
        operation.val.owner_changed.val.bot = copy_for_host(bot);
    }
    turn_update(chat, operation);
}

void chat_other_update(chat_t *chat, text_t kind) {
    exports_bothost_bot_update_operation_t operation = {.tag = EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_OTHER};
    operation.val.other.kind = copy_for_host(kind);
    operation.val.other.details = copy_for_host(T("{}"));
    turn_update(chat, operation);
}

text_t chat_said(const chat_t *chat) {
    for (size_t i = 0; chat->answered && i < chat->outcome.actions.len; i++) {
        const action_t *action = &chat->outcome.actions.ptr[i];
        if (action->tag == BOTHOST_BOT_ACTIONS_ACTION_RESPOND) return text_of_option(action->val.respond.text);
    }
    return T("");
}

text_t chat_actions(chat_t *chat) {
    static const text_t names[] = {TEXT("respond "),  TEXT("typing-start "), TEXT("typing-stop "),
                                   TEXT("hand-off "), TEXT("take-over "),    TEXT("set-priority "),
                                   TEXT("tag "),      TEXT("untag "),        TEXT("note "),
                                   TEXT("move-to "),  TEXT("resolve "),      TEXT("set-attributes "),
                                   TEXT("other ")};
    text_t words = T("");
    for (size_t i = 0; chat->answered && i < chat->outcome.actions.len; i++) {
        words = text_join(&chat->arena, words, names[chat->outcome.actions.ptr[i].tag]);
    }
    return text_trim(words);
}
