//! An outcome in the types of the bindings. Texts stay where they are, and lists are made on the bot's heap.

const std = @import("std");
const c = @import("bindings");
const contract = @import("contract.zig");

const allocator = @import("heap.zig").allocator;

pub fn outcome(from: contract.Outcome) c.bothost_bot_actions_outcome_t {
    const actions = list(c.bothost_bot_actions_action_t, from.actions.len);
    for (actions, from.actions) |*to, one| to.* = action(one);
    return .{ .actions = bound(c.bothost_bot_actions_list_action_t, actions), .state = switch (from.state) {
        .keep => .{ .tag = c.BOTHOST_BOT_ACTIONS_STATE_CHANGE_KEEP },
        .set => |state| .{ .tag = c.BOTHOST_BOT_ACTIONS_STATE_CHANGE_SET, .val = .{ .set = string(state) } },
        .clear => .{ .tag = c.BOTHOST_BOT_ACTIONS_STATE_CHANGE_CLEAR },
    } };
}

/// A text in its binding, which is C's and knows no `const`.
pub fn string(from: []const u8) c.bot_string_t {
    return bound(c.bot_string_t, @constCast(from));
}

fn action(from: contract.Action) c.bothost_bot_actions_action_t {
    return switch (from) {
        .respond => |said| .{ .tag = c.BOTHOST_BOT_ACTIONS_ACTION_RESPOND, .val = .{ .respond = response(said) } },
        .typing_start => .{ .tag = c.BOTHOST_BOT_ACTIONS_ACTION_TYPING_START },
        .typing_stop => .{ .tag = c.BOTHOST_BOT_ACTIONS_ACTION_TYPING_STOP },
        .hand_off => |comment| .{ .tag = c.BOTHOST_BOT_ACTIONS_ACTION_HAND_OFF, .val = .{ .hand_off = some(comment) } },
        .tag => |tag| .{ .tag = c.BOTHOST_BOT_ACTIONS_ACTION_TAG, .val = .{ .tag = tags(tag) } },
        .note => |note| .{ .tag = c.BOTHOST_BOT_ACTIONS_ACTION_NOTE, .val = .{ .note = string(note) } },
    };
}

fn response(from: contract.Response) c.bothost_bot_actions_response_t {
    const buttons = list(c.bothost_bot_actions_button_t, from.buttons.len);
    for (buttons, from.buttons) |*to, button| to.* = .{
        .tag = c.BOTHOST_BOT_ACTIONS_BUTTON_POSTBACK,
        .val = .{ .postback = .{ .text = string(button.text), .payload = string(button.payload) } },
    };
    return .{
        .text = some(from.text),
        .buttons = bound(c.bothost_bot_actions_list_button_t, buttons),
        .attachment = if (from.list) |picker| .{ .is_some = true, .val = .{
            .tag = c.BOTHOST_BOT_ACTIONS_ATTACHMENT_LIST_PICKER,
            .val = .{ .list_picker = listPicker(picker) },
        } } else .{},
    };
}

fn listPicker(from: contract.List) c.bothost_bot_actions_list_picker_t {
    const choices = list(c.bothost_bot_actions_list_choice_t, from.choices.len);
    for (choices, from.choices) |*to, choice| to.* = .{
        .id = string(choice.id),
        .title = string(choice.title),
        .subtitle = if (choice.subtitle) |subtitle| some(subtitle) else .{},
    };
    const sections = list(c.bothost_bot_actions_list_section_t, 1);
    sections[0] = .{
        .id = string(from.id),
        .title = string(from.title),
        .choices = bound(c.bothost_bot_actions_list_list_choice_t, choices),
    };
    return .{
        .request_message = bubble(from.request),
        .response_message = bubble(from.response),
        .sections = bound(c.bothost_bot_actions_list_list_section_t, sections),
    };
}

fn bubble(from: contract.Bubble) c.bothost_bot_actions_list_message_t {
    return .{ .title = string(from.title), .subtitle = some(from.subtitle) };
}

fn tags(tag: []const u8) c.bot_list_string_t {
    const one = list(c.bot_string_t, 1);
    one[0] = string(tag);
    return bound(c.bot_list_string_t, one);
}

fn some(from: []const u8) c.bot_option_string_t {
    return .{ .is_some = true, .val = string(from) };
}

fn list(T: type, len: usize) []T {
    return allocator.alloc(T, len) catch @panic("out of memory");
}

/// A list or a text in its binding. Zig's address of nothing is far outside of the memory, which the host would not
/// take.
fn bound(Binding: type, items: anytype) Binding {
    return .{ .ptr = if (items.len > 0) items.ptr else null, .len = items.len };
}
