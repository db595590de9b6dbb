//! {{name}}: greets by name, says back what it is told, and counts the messages.
//!
//! The host calls the two exported functions for each event. A bot does nothing itself: it returns what it wants done. And it
//! remembers nothing itself: each event gets a fresh instance of it, and only the state lasts.

const std = @import("std");
// Made of wit/ by `bothost build`: look for bot.h in target/bothost/bindings.
const c = @import("bindings");

const allocator = @import("heap.zig").allocator;

/// What the bot gets when its button is pressed.
const start_over = "start-over";

/// The customer said something, or pressed a button. True and an outcome, or false and a failure.
export fn exports_bothost_bot_message_handle(
    context: *c.bothost_bot_types_context_t,
    message: *c.exports_bothost_bot_message_message_t,
    outcome: *c.bothost_bot_actions_outcome_t,
    failure: *c.bothost_bot_actions_failure_t,
) bool {
    // The state is the number of messages before this one.
    const state = textOr(context.state, "0");
    const before = std.fmt.parseInt(u64, state, 10) catch {
        // Another try would find the same state, so the bot gives up. ..._FAILURE_RETRY is for trouble that passes.
        const reason = make("the state is not a number: {s}", .{state});
        failure.* = .{ .tag = c.BOTHOST_BOT_ACTIONS_FAILURE_GIVE_UP, .val = .{ .give_up = reason } };
        return false;
    };
    const count = if (startsOver(message)) 0 else before + 1;
    // The log of this turn: `/why` in `bothost chat` shows it, and so does `bothost explain`.
    var line = make("{{name}}: message {d}", .{count});
    c.bothost_bot_log_write(c.BOTHOST_BOT_LOG_LEVEL_INFO, &line);

    outcome.* = .{ .state = .{ .tag = c.BOTHOST_BOT_ACTIONS_STATE_CHANGE_SET, .val = .{ .set = make("{d}", .{count}) } } };
    // While a human agent has the conversation, the bot listens and stays silent: an answer would be refused.
    if (context.may_speak) outcome.actions = .{ .ptr = say(answer(count, message)), .len = 1 };
    return true;
}

/// Something happened to the conversation. When it ended, the bot forgets it.
export fn exports_bothost_bot_update_handle(
    _: *c.bothost_bot_types_context_t,
    update: *c.exports_bothost_bot_update_update_t,
    outcome: *c.bothost_bot_actions_outcome_t,
    _: *c.bothost_bot_actions_failure_t,
) bool {
    const ended = update.operation.tag == c.EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CLOSED;
    outcome.* = .{ .state = .{
        .tag = if (ended) c.BOTHOST_BOT_ACTIONS_STATE_CHANGE_CLEAR else c.BOTHOST_BOT_ACTIONS_STATE_CHANGE_KEEP,
    } };
    return true;
}

fn startsOver(message: *const c.exports_bothost_bot_message_message_t) bool {
    for (message.presses.ptr[0..message.presses.len]) |press| {
        if (std.mem.eql(u8, press.payload.ptr[0..press.payload.len], start_over)) return true;
    }
    return false;
}

fn answer(count: u64, message: *const c.exports_bothost_bot_message_message_t) c.bot_string_t {
    return switch (count) {
        0 => string("Fine, we start over."),
        1 => make("Hello, {s}! Tell me something.", .{textOr(message.author.full_name, "you")}),
        else => make("You said: {s} (message {d})", .{ textOr(message.text, "nothing"), count }),
    };
}

/// The action that says a text, with a button below it. What is not named is zero: nothing, or empty.
fn say(text: c.bot_string_t) *c.bothost_bot_actions_action_t {
    const button = allocator.create(c.bothost_bot_actions_button_t) catch @panic("out of memory");
    button.* = .{
        .tag = c.BOTHOST_BOT_ACTIONS_BUTTON_POSTBACK,
        .val = .{ .postback = .{ .text = string("Start over"), .payload = string(start_over) } },
    };
    const action = allocator.create(c.bothost_bot_actions_action_t) catch @panic("out of memory");
    action.* = .{ .tag = c.BOTHOST_BOT_ACTIONS_ACTION_RESPOND, .val = .{ .respond = .{
        .text = .{ .is_some = true, .val = text },
        .buttons = .{ .ptr = button, .len = 1 },
    } } };
    return action;
}

/// A new text for the host.
fn make(comptime format: []const u8, arguments: anytype) c.bot_string_t {
    return string(allocator.print(format, arguments) catch @panic("out of memory"));
}

/// A text in its binding, which is C's and knows no `const`.
fn string(text: []const u8) c.bot_string_t {
    return .{ .ptr = @constCast(text.ptr), .len = text.len };
}

fn textOr(option: c.bot_option_string_t, other: []const u8) []const u8 {
    return if (option.is_some) option.val.ptr[0..option.val.len] else other;
}

/// A panic's message goes to the log, and the trap ends the turn.
pub const panic = std.debug.FullPanic(struct {
    fn lastWords(message: []const u8, _: ?usize) noreturn {
        var line = string(message);
        c.bothost_bot_log_write(c.BOTHOST_BOT_LOG_LEVEL_ERROR, &line);
        @trap();
    }
}.lastWords);
