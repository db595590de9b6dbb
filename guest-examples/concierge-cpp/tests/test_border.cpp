// The border keeps to its rule: what the host gives is freed by the bot, and what the host gets can be freed piece by
// piece. `make test CXX=g++ SANITIZE=address,undefined` finds every text that is freed twice or never.
#include <cstdlib>
#include <string>

#include "bot.h"
#include "check.hpp"

static std::string last_line;

/// Stands in for the host's `log`.
extern "C" void __wasm_import_bothost_bot_log_write(int32_t, uint8_t* at, std::size_t bytes) {
    last_line.assign(reinterpret_cast<const char*>(at), bytes);
}

/// Stands in for the object file with the contract's types, which only a component has.
extern "C" void __component_type_object_force_link_bot() {}

static bot_string_t copy(std::string_view text) {
    bot_string_t string;
    bot_string_dup_n(&string, text.data(), text.size());
    return string;
}

static bothost_bot_types_context_t context_with(bot_option_string_t state) {
    bothost_bot_types_context_t context = {};
    context.bot_id = copy("concierge");
    context.may_speak = true;
    context.state = state;
    context.config = copy("{\"tag-person\": 7}");
    context.extras = {static_cast<bothost_bot_types_extra_t*>(std::calloc(1, sizeof(bothost_bot_types_extra_t))), 1};
    context.extras.ptr[0] = {copy("refused"), copy("[\"move-to\"]")};
    return context;
}

/// Sends a message and gives the number of actions; -1 when the bot gives up.
static int send(std::string_view text, bot_option_string_t state) {
    auto context = context_with(state);
    exports_bothost_bot_message_message_t message = {};
    message.text = {true, copy(text)};
    message.author.id = copy("a-77");
    message.author.full_name = {true, copy("Jo Quill")};
    bothost_bot_actions_outcome_t outcome;
    bothost_bot_actions_failure_t failure;
    if (!exports_bothost_bot_message_handle(&context, &message, &outcome, &failure)) {
        bothost_bot_actions_failure_free(&failure);
        return -1;
    }
    auto count = static_cast<int>(outcome.actions.len);
    bothost_bot_actions_outcome_free(&outcome);
    return count;
}

static bool update(exports_bothost_bot_update_operation_t operation) {
    auto context = context_with({});
    exports_bothost_bot_update_update_t update = {};
    update.author.id = copy("a-77");
    update.operation = operation;
    bothost_bot_actions_outcome_t outcome;
    bothost_bot_actions_failure_t failure;
    bool answered = exports_bothost_bot_update_handle(&context, &update, &outcome, &failure);
    bothost_bot_actions_outcome_free(&outcome);
    return answered;
}

void test_border() {
    CHECK(send("hello", {}) == 1);
    CHECK_TEXT(last_line, "concierge 1.0.0: message 1, hello, 1 actions");
    CHECK(send("treatments", {}) == 3);
    CHECK(send("tea ritual", {}) == 2);
    CHECK(send("a person", {}) == 3);
    CHECK(send("hello", {true, copy("v1;3")}) == -1);
    exports_bothost_bot_update_operation_t operation = {};
    operation.tag = EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CLOSED;
    CHECK(update(operation));
    operation.tag = EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_OWNER_CHANGED;
    operation.val.owner_changed = {BOTHOST_BOT_TYPES_OWNER_BOT, {copy("mirror")}};
    CHECK(update(operation));
    CHECK_TEXT(last_line, "concierge 1.0.0: another bot has the conversation now");
    operation.tag = EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_OTHER;
    operation.val.other = {copy("MOVED"), copy("{}")};
    CHECK(update(operation));
}
