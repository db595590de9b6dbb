// The bot's border: the two functions that the host calls, and the log.
//
// The bindings are C's. What the host gives is the bot's to free, at the end of the call; until then it is looked at
// where it is. What the host gets is freed by the bindings after the call, piece by piece: so each text and each list
// below is a copy of its own, taken with `malloc`.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "bot.h"
#include "concierge.hpp"

/// Shown in the log, so that one can see which version answered. `make VERSION=2.0.0` builds another.
#ifndef CONCIERGE_VERSION
#define CONCIERGE_VERSION "1.0.0"
#endif

namespace {

using namespace concierge;

/// Frees an argument at the end of the scope.
template <auto free> struct Free {
    void operator()(auto* argument) const { free(argument); }
};
template <typename T, auto free> using Argument = std::unique_ptr<T, Free<free>>;

std::string_view view(const bot_string_t& string) { return {reinterpret_cast<const char*>(string.ptr), string.len}; }

std::optional<std::string_view> view(const bot_option_string_t& option) {
    return option.is_some ? std::optional(view(option.val)) : std::nullopt;
}

Context read_context(const bothost_bot_types_context_t& from) {
    std::string_view refused;
    for (std::size_t i = from.extras.len; i-- > 0;) {
        if (view(from.extras.ptr[i].key) == "refused") refused = view(from.extras.ptr[i].value);
    }
    return {view(from.bot_id), from.may_speak, view(from.state), view(from.config), from.now_ms, refused};
}

Message read_message(const exports_bothost_bot_message_message_t& from) {
    Message message{view(from.text).value_or(""), view(from.author.full_name).value_or(""), {}, {}};
    if (from.presses.len > 0) message.pressed = view(from.presses.ptr[from.presses.len - 1].payload);
    if (from.list_response.is_some) message.list_response = view(from.list_response.val);
    return message;
}

Owner read_owner(const bothost_bot_types_owner_t& from) {
    if (from.tag == BOTHOST_BOT_TYPES_OWNER_BOT) return Bot{view(from.val.bot)};
    return Agent();
}

Update read_update(const exports_bothost_bot_update_operation_t& from) {
    switch (from.tag) {
    case EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CREATED: return Created();
    case EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CLOSED: return Closed();
    case EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_AGENT_RESPONSE: return AgentResponse();
    case EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_OWNER_CHANGED: return OwnerChanged{read_owner(from.val.owner_changed)};
    default: return OtherUpdate{view(from.val.other.kind)};
    }
}

/// Memory for the host, all zeros: as an option that is nothing, as a list that is empty.
template <typename List> List new_list(std::size_t count) {
    if (count == 0) return {};
    auto taken = std::calloc(count, sizeof *List().ptr);
    if (taken == nullptr) std::abort();
    return {static_cast<decltype(List().ptr)>(taken), count};
}

bot_string_t copy(std::string_view text) {
    auto string = new_list<bot_string_t>(text.size());
    if (!text.empty()) std::memcpy(string.ptr, text.data(), text.size());
    return string;
}

bot_option_string_t some(std::string_view text) { return {true, copy(text)}; }

bothost_bot_actions_list_message_t write_bubble(const Bubble& from) {
    return {.title = copy(from.title), .subtitle = some(from.subtitle), .media = {}, .style = {}};
}

bothost_bot_actions_list_picker_t write_list(const ListPicker& from) {
    auto sections = new_list<bothost_bot_actions_list_list_section_t>(1);
    auto choices = new_list<bothost_bot_actions_list_list_choice_t>(from.choices.size());
    for (std::size_t i = 0; i < choices.len; i++) {
        const auto& [id, title, subtitle] = from.choices[i];
        choices.ptr[i].id = copy(id);
        choices.ptr[i].title = copy(title);
        if (!subtitle.empty()) choices.ptr[i].subtitle = some(subtitle);
    }
    sections.ptr[0] = {copy(from.id), copy(from.title), false, choices};
    return {write_bubble(from.request), write_bubble(from.response), sections};
}

/// Writes an action; there is one for each kind.
struct Write {
    bothost_bot_actions_action_t& to;

    void operator()(const Respond& from) const {
        to.tag = BOTHOST_BOT_ACTIONS_ACTION_RESPOND;
        auto& response = to.val.respond;
        response.text = some(from.text);
        response.buttons = new_list<bothost_bot_actions_list_button_t>(from.buttons.size());
        for (std::size_t i = 0; i < from.buttons.size(); i++) {
            response.buttons.ptr[i].tag = BOTHOST_BOT_ACTIONS_BUTTON_POSTBACK;
            response.buttons.ptr[i].val.postback = {copy(from.buttons[i].text), copy(from.buttons[i].payload)};
        }
        if (!from.list) return;
        response.attachment.is_some = true;
        response.attachment.val.tag = BOTHOST_BOT_ACTIONS_ATTACHMENT_LIST_PICKER;
        response.attachment.val.val.list_picker = write_list(*from.list);
    }

    void operator()(const TypingStart&) const { to.tag = BOTHOST_BOT_ACTIONS_ACTION_TYPING_START; }
    void operator()(const TypingStop&) const { to.tag = BOTHOST_BOT_ACTIONS_ACTION_TYPING_STOP; }

    void operator()(const HandOff& from) const {
        to.tag = BOTHOST_BOT_ACTIONS_ACTION_HAND_OFF;
        to.val.hand_off = some(from.comment);
    }

    void operator()(const Tag& from) const {
        to.tag = BOTHOST_BOT_ACTIONS_ACTION_TAG;
        to.val.tag = new_list<bot_list_string_t>(1);
        to.val.tag.ptr[0] = copy(from.id);
    }

    void operator()(const Note& from) const {
        to.tag = BOTHOST_BOT_ACTIONS_ACTION_NOTE;
        to.val.note = copy(from.text);
    }
};

bothost_bot_actions_state_change_t write_state(const StateChange& from) {
    bothost_bot_actions_state_change_t to = {};
    to.tag = BOTHOST_BOT_ACTIONS_STATE_CHANGE_KEEP;
    if (std::holds_alternative<Clear>(from)) to.tag = BOTHOST_BOT_ACTIONS_STATE_CHANGE_CLEAR;
    if (auto state = std::get_if<std::string>(&from)) {
        to.tag = BOTHOST_BOT_ACTIONS_STATE_CHANGE_SET;
        to.val.set = copy(*state);
    }
    return to;
}

void log(bothost_bot_log_level_t level, std::string words) {
    auto line = "concierge " CONCIERGE_VERSION ": " + std::move(words);
    // The host reads the line during the call, so it needs no copy.
    bot_string_t string = {reinterpret_cast<uint8_t*>(line.data()), line.size()};
    bothost_bot_log_write(level, &string);
}

/// Logs the turn's line and hands the result to the host: true and an outcome, or false and a failure.
bool hand_over(const std::expected<Turn, std::string>& turn, bothost_bot_actions_outcome_t& outcome,
               bothost_bot_actions_failure_t& failure) {
    if (!turn) {
        failure.tag = BOTHOST_BOT_ACTIONS_FAILURE_GIVE_UP;
        failure.val.give_up = copy(turn.error());
        return false;
    }
    log(turn->is_warning ? BOTHOST_BOT_LOG_LEVEL_WARN : BOTHOST_BOT_LOG_LEVEL_INFO, turn->line);
    const auto& [actions, state] = turn->outcome;
    outcome = {new_list<bothost_bot_actions_list_action_t>(actions.size()), write_state(state), {}};
    for (std::size_t i = 0; i < actions.size(); i++) std::visit(Write{outcome.actions.ptr[i]}, actions[i]);
    return true;
}

} // namespace

#ifdef __wasm__
/// Where the C++ library gives up: an exception that there is none of (`value()` of nothing, say), or no more memory.
/// Its words go to the log, and the trap ends the turn.
void std::__libcpp_verbose_abort(const char* format, ...) noexcept {
    char words[500];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    log(BOTHOST_BOT_LOG_LEVEL_ERROR, words);
    __builtin_trap();
}
#endif

bool exports_bothost_bot_message_handle(exports_bothost_bot_message_context_t* context,
                                        exports_bothost_bot_message_message_t* message,
                                        exports_bothost_bot_message_outcome_t* outcome,
                                        exports_bothost_bot_message_failure_t* failure) {
    Argument<exports_bothost_bot_message_context_t, exports_bothost_bot_message_context_free> own_context(context);
    Argument<exports_bothost_bot_message_message_t, exports_bothost_bot_message_message_free> own_message(message);
    return hand_over(on_message(read_context(*context), read_message(*message)), *outcome, *failure);
}

bool exports_bothost_bot_update_handle(exports_bothost_bot_update_context_t* context,
                                       exports_bothost_bot_update_update_t* update,
                                       exports_bothost_bot_update_outcome_t* outcome,
                                       exports_bothost_bot_update_failure_t* failure) {
    Argument<exports_bothost_bot_update_context_t, exports_bothost_bot_update_context_free> own_context(context);
    Argument<exports_bothost_bot_update_update_t, exports_bothost_bot_update_update_free> own_update(update);
    return hand_over(on_update(read_context(*context), read_update(update->operation)), *outcome, *failure);
}
