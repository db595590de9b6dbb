// The contract's types for what this bot does.
#include "say.h"

#include <stdlib.h>

/// Takes memory for the host, all zeros: as an option that is nothing, as a list that is empty.
static void *take_for_host(size_t count, size_t bytes) {
    void *taken = calloc(count, bytes);
    if (taken == NULL) abort();
    return taken;
}

static bot_option_string_t some(text_t content) { return (bot_option_string_t){true, copy_for_host(content)}; }

/// Puts an action at the end of the list.
static action_t *add(actions_t *actions, uint8_t tag) {
    action_t *grown = realloc(actions->ptr, (actions->len + 1) * sizeof *grown);
    if (grown == NULL) abort();
    actions->ptr = grown;
    grown[actions->len] = (action_t){.tag = tag};
    return &grown[actions->len++];
}

void say_text(actions_t *actions, text_t content) {
    add(actions, BOTHOST_BOT_ACTIONS_ACTION_RESPOND)->val.respond.text = some(content);
}

void say_with_buttons(actions_t *actions, text_t content, const choice_t *choices, size_t count) {
    button_t *buttons = take_for_host(count, sizeof *buttons);
    for (size_t i = 0; i < count; i++) {
        buttons[i].tag = BOTHOST_BOT_ACTIONS_BUTTON_POSTBACK;
        buttons[i].val.postback.text = copy_for_host(choices[i].label);
        buttons[i].val.postback.payload = copy_for_host(wish_payload(choices[i].wish));
    }
    say_text(actions, content);
    actions->ptr[actions->len - 1].val.respond.buttons = (bothost_bot_actions_list_button_t){buttons, count};
}

static bothost_bot_actions_list_message_t bubble(text_t title, text_t subtitle) {
    return (bothost_bot_actions_list_message_t){.title = copy_for_host(title), .subtitle = some(subtitle)};
}

static bothost_bot_actions_list_list_choice_t choices_of(const settings_t *settings) {
    bothost_bot_actions_list_choice_t *choices = take_for_host(settings->treatments_count, sizeof *choices);
    for (size_t i = 0; i < settings->treatments_count; i++) {
        const treatment_t *treatment = &settings->treatments[i];
        choices[i].id = copy_for_host(treatment->id);
        choices[i].title = copy_for_host(treatment->title);
        if (treatment->subtitle.bytes > 0) choices[i].subtitle = some(treatment->subtitle);
    }
    return (bothost_bot_actions_list_list_choice_t){choices, settings->treatments_count};
}

void say_treatments(actions_t *actions, text_t invitation, const settings_t *settings) {
    bothost_bot_actions_list_section_t *section = take_for_host(1, sizeof *section);
    section->id = copy_for_host(T("treatments"));
    section->title = copy_for_host(T("Treatments"));
    section->choices = choices_of(settings);
    say_text(actions, invitation);
    bothost_bot_actions_option_attachment_t *attachment = &actions->ptr[actions->len - 1].val.respond.attachment;
    attachment->is_some = true;
    attachment->val.tag = BOTHOST_BOT_ACTIONS_ATTACHMENT_LIST_PICKER;
    attachment->val.val.list_picker = (list_picker_t){
        .request_message = bubble(T("Our treatments"), T("Tap to choose")),
        .response_message = bubble(T("Your choice"), T("Thank you")),
        .sections = {section, 1},
    };
}

void say_typing_start(actions_t *actions) { add(actions, BOTHOST_BOT_ACTIONS_ACTION_TYPING_START); }

void say_typing_stop(actions_t *actions) { add(actions, BOTHOST_BOT_ACTIONS_ACTION_TYPING_STOP); }

void say_note(actions_t *actions, text_t content) {
    add(actions, BOTHOST_BOT_ACTIONS_ACTION_NOTE)->val.note = copy_for_host(content);
}

void say_tag(actions_t *actions, text_t tag) {
    bot_string_t *tags = take_for_host(1, sizeof *tags);
    *tags = copy_for_host(tag);
    add(actions, BOTHOST_BOT_ACTIONS_ACTION_TAG)->val.tag = (bot_list_string_t){tags, 1};
}

void say_hand_off(actions_t *actions, text_t comment) {
    add(actions, BOTHOST_BOT_ACTIONS_ACTION_HAND_OFF)->val.hand_off = some(comment);
}
