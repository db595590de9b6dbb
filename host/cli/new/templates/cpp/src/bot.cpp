// {{name}}: greets by name, says back what it is told, and counts the messages.
//
// The host calls the two functions at the end for each event. A bot does nothing itself: it returns what it wants done. And it
// remembers nothing itself: each event gets a fresh instance of it, and only the state lasts.
#include <algorithm>
#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bot.h" // Made of wit/ by `bothost build`: look for it in target/bothost/bindings.

namespace {

/// What the bot gets when its button is pressed.
constexpr std::string_view START_OVER = "start-over";

std::string_view view(const bot_string_t& text) { return {reinterpret_cast<const char*>(text.ptr), text.len}; }

std::string view_or(const bot_option_string_t& option, std::string_view other) {
    return std::string(option.is_some ? view(option.val) : other);
}

/// Memory for the host, all zeros: nothing, or empty. What the host gets is freed after the call, piece by piece: so each text
/// and each list is taken with `calloc`.
template <typename List> List new_list(std::size_t count) {
    auto* taken = std::calloc(count, sizeof *List().ptr);
    if (taken == nullptr) std::abort();
    return {static_cast<decltype(List().ptr)>(taken), count};
}

bot_string_t copy(std::string_view text) {
    auto made = new_list<bot_string_t>(text.size());
    std::ranges::copy(text, made.ptr);
    return made;
}

/// How many messages came before this one: the state is their number. Nothing when it is none.
std::optional<unsigned long long> messages_before(std::string_view state) {
    unsigned long long count = 0;
    auto [end, error] = std::from_chars(state.data(), state.data() + state.size(), count);
    if (error != std::errc() || end != state.data() + state.size()) return std::nullopt;
    return count;
}

std::string answer(unsigned long long count, const exports_bothost_bot_message_message_t& message) {
    if (count == 0) return "Fine, we start over.";
    if (count == 1) return "Hello, " + view_or(message.author.full_name, "you") + "! Tell me something.";
    return "You said: " + view_or(message.text, "nothing") + " (message " + std::to_string(count) + ")";
}

/// The list of one action: it says a text, with a button below it.
bothost_bot_actions_list_action_t say(std::string_view text) {
    auto actions = new_list<bothost_bot_actions_list_action_t>(1);
    actions.ptr->tag = BOTHOST_BOT_ACTIONS_ACTION_RESPOND;
    auto& response = actions.ptr->val.respond;
    response.text = {true, copy(text)};
    response.buttons = new_list<bothost_bot_actions_list_button_t>(1);
    response.buttons.ptr->tag = BOTHOST_BOT_ACTIONS_BUTTON_POSTBACK;
    response.buttons.ptr->val.postback = {.text = copy("Start over"), .payload = copy(START_OVER)};
    return actions;
}

/// The log of this turn: `/why` in `bothost chat` shows it, and so does `bothost explain`.
void log(bothost_bot_log_level_t level, std::string_view words) {
    auto line = copy(words);
    bothost_bot_log_write(level, &line);
}

} // namespace

/// Where the C++ library would throw, and there are no exceptions: its words go to the log, and the trap ends the turn.
void std::__libcpp_verbose_abort(const char* format, ...) noexcept {
    char words[500];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(words, sizeof words, format, arguments);
    log(BOTHOST_BOT_LOG_LEVEL_ERROR, words);
    __builtin_trap();
}

/// The customer said something, or pressed a button. True and an outcome, or false and a failure.
bool exports_bothost_bot_message_handle(exports_bothost_bot_message_context_t* context,
                                        exports_bothost_bot_message_message_t* message,
                                        exports_bothost_bot_message_outcome_t* outcome,
                                        exports_bothost_bot_message_failure_t* failure) {
    auto state = view_or(context->state, "0");
    auto before = messages_before(state);
    if (!before) {
        // Another try would find the same state, so the bot gives up. ..._FAILURE_RETRY is for trouble that passes.
        failure->tag = BOTHOST_BOT_ACTIONS_FAILURE_GIVE_UP;
        failure->val.give_up = copy("the state is not a number: " + state);
        return false;
    }
    auto starts_over = [](const auto& press) { return view(press.payload) == START_OVER; };
    auto count = std::ranges::any_of(std::span(message->presses.ptr, message->presses.len), starts_over) ? 0 : *before + 1;
    log(BOTHOST_BOT_LOG_LEVEL_INFO, "{{name}}: message " + std::to_string(count));

    *outcome = {};
    // While a human agent has the conversation, the bot listens and stays silent: an answer would be refused.
    if (context->may_speak) outcome->actions = say(answer(count, *message));
    outcome->state.tag = BOTHOST_BOT_ACTIONS_STATE_CHANGE_SET;
    outcome->state.val.set = copy(std::to_string(count));
    return true;
}

/// Something happened to the conversation. When it ended, the bot forgets it.
bool exports_bothost_bot_update_handle(exports_bothost_bot_update_context_t*, exports_bothost_bot_update_update_t* update,
                                       exports_bothost_bot_update_outcome_t* outcome,
                                       exports_bothost_bot_update_failure_t*) {
    bool ended = update->operation.tag == EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CLOSED;
    *outcome = {};
    outcome->state.tag = ended ? BOTHOST_BOT_ACTIONS_STATE_CHANGE_CLEAR : BOTHOST_BOT_ACTIONS_STATE_CHANGE_KEEP;
    return true;
}
