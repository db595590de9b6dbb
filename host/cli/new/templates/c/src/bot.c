// {{name}}: greets by name, says back what it is told, and counts the messages.
//
// The host calls the two functions at the end for each event. A bot does nothing itself: it returns what it wants done. And it
// remembers nothing itself: each event gets a fresh instance of it, and only the state lasts.
#define _GNU_SOURCE // vasprintf
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot.h" // Made of wit/ by `bothost build`: look for it in target/bothost/bindings.

/// What the bot gets when its button is pressed.
static const char START_OVER[] = "start-over";

/// A new text. What the host gets is freed after the call, piece by piece: so each text and each list is taken with `malloc`.
static bot_string_t text(const char *format, ...) {
    va_list arguments;
    char *made;
    va_start(arguments, format);
    int length = vasprintf(&made, format, arguments);
    va_end(arguments);
    if (length < 0) abort();
    return (bot_string_t){(uint8_t *)made, (size_t)length};
}

/// Reads how many messages came before: the state is their number. False when it is none.
static bool messages_before(const bot_option_string_t *state, unsigned long long *count) {
    *count = 0;
    if (!state->is_some) return true;
    for (size_t i = 0; i < state->val.len; i++) {
        if (state->val.ptr[i] < '0' || state->val.ptr[i] > '9') return false;
        *count = *count * 10 + (state->val.ptr[i] - '0');
    }
    return state->val.len > 0;
}

static bool starts_over(const exports_bothost_bot_message_list_press_t *presses) {
    for (size_t i = 0; i < presses->len; i++) {
        bot_string_t payload = presses->ptr[i].payload;
        if (payload.len == strlen(START_OVER) && memcmp(payload.ptr, START_OVER, payload.len) == 0) return true;
    }
    return false;
}

/// A text, or another where there is none, for `%.*s`.
#define OR(option, other) \
    (option).is_some ? (int)(option).val.len : (int)strlen(other), (option).is_some ? (char *)(option).val.ptr : (other)

static bot_string_t answer(unsigned long long count, const exports_bothost_bot_message_message_t *message) {
    if (count == 0) return text("Fine, we start over.");
    if (count == 1) return text("Hello, %.*s! Tell me something.", OR(message->author.full_name, "you"));
    return text("You said: %.*s (message %llu)", OR(message->text, "nothing"), count);
}

/// Puts the action into the list that says a text, with a button below it. What is not named is zero: nothing, or empty.
static void say(bothost_bot_actions_list_action_t *actions, bot_string_t said) {
    bothost_bot_actions_button_t *button = calloc(1, sizeof *button);
    bothost_bot_actions_action_t *action = calloc(1, sizeof *action);
    if (button == NULL || action == NULL) abort();
    button->tag = BOTHOST_BOT_ACTIONS_BUTTON_POSTBACK;
    button->val.postback.text = text("Start over");
    button->val.postback.payload = text(START_OVER);
    action->tag = BOTHOST_BOT_ACTIONS_ACTION_RESPOND;
    action->val.respond.text = (bot_option_string_t){true, said};
    action->val.respond.buttons = (bothost_bot_actions_list_button_t){button, 1};
    *actions = (bothost_bot_actions_list_action_t){action, 1};
}

/// The customer said something, or pressed a button. True and an outcome, or false and a failure.
bool exports_bothost_bot_message_handle(exports_bothost_bot_message_context_t *context,
                                        exports_bothost_bot_message_message_t *message,
                                        exports_bothost_bot_message_outcome_t *outcome,
                                        exports_bothost_bot_message_failure_t *failure) {
    unsigned long long count;
    if (!messages_before(&context->state, &count)) {
        // Another try would find the same state, so the bot gives up. ..._FAILURE_RETRY is for trouble that passes.
        failure->tag = BOTHOST_BOT_ACTIONS_FAILURE_GIVE_UP;
        failure->val.give_up = text("the state is not a number: %.*s", OR(context->state, ""));
        return false;
    }
    count = starts_over(&message->presses) ? 0 : count + 1;
    // The log of this turn: `/why` in `bothost chat` shows it, and so does `bothost explain`.
    bot_string_t line = text("{{name}}: message %llu", count);
    bothost_bot_log_write(BOTHOST_BOT_LOG_LEVEL_INFO, &line);

    *outcome = (exports_bothost_bot_message_outcome_t){0};
    // While a human agent has the conversation, the bot listens and stays silent: an answer would be refused.
    if (context->may_speak) say(&outcome->actions, answer(count, message));
    outcome->state.tag = BOTHOST_BOT_ACTIONS_STATE_CHANGE_SET;
    outcome->state.val.set = text("%llu", count);
    return true;
}

/// Something happened to the conversation. When it ended, the bot forgets it.
bool exports_bothost_bot_update_handle(exports_bothost_bot_update_context_t *context,
                                       exports_bothost_bot_update_update_t *update,
                                       exports_bothost_bot_update_outcome_t *outcome,
                                       exports_bothost_bot_update_failure_t *failure) {
    (void)context, (void)failure;
    bool ended = update->operation.tag == EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CLOSED;
    *outcome = (exports_bothost_bot_update_outcome_t){0};
    outcome->state.tag = ended ? BOTHOST_BOT_ACTIONS_STATE_CHANGE_CLEAR : BOTHOST_BOT_ACTIONS_STATE_CHANGE_KEEP;
    return true;
}
