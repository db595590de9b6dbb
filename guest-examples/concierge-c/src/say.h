// The contract's types for what this bot does.
//
// This is the only file that makes something for the host. Each text and each list in an action is a piece of memory of
// its own, taken with `malloc`: after the call the bindings free them one by one.
#ifndef CONCIERGE_SAY_H
#define CONCIERGE_SAY_H

#include "contract.h"
#include "settings.h"
#include "understand.h"

/// A button: what it says, and what it asks for.
typedef struct {
    text_t label;
    wish_t wish;
} choice_t;

/// Says a text.
void say_text(actions_t *actions, text_t content);
/// Says a text with buttons below it.
void say_with_buttons(actions_t *actions, text_t content, const choice_t *choices, size_t count);
/// Shows the treatments as a list picker. Where the network has none the host shows a numbered list with buttons in its
/// place.
void say_treatments(actions_t *actions, text_t invitation, const settings_t *settings);
/// Shows "is writing"; where the network cannot, the host leaves that out.
void say_typing_start(actions_t *actions);
/// Ends that: sending a message does not (seed 001).
void say_typing_stop(actions_t *actions);
/// Writes a note that only agents see.
void say_note(actions_t *actions, text_t content);
/// Puts a tag on the conversation.
void say_tag(actions_t *actions, text_t tag);
/// Gives the conversation to a human agent.
void say_hand_off(actions_t *actions, text_t comment);

#endif
