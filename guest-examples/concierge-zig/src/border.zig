//! The bot's border: the two functions that the host calls, and the log.
//!
//! The host's values come in the types of the bindings, which are C's. They last as long as the turn, like everything that the
//! bot takes from its heap. What goes back is made in `lower.zig`.

const std = @import("std");
const c = @import("bindings");
const concierge = @import("concierge.zig");
const contract = @import("contract.zig");
const heap = @import("heap.zig");
const lower = @import("lower.zig");
const version = @import("options").version;

/// A panic's message goes to the log, and the trap ends the turn.
pub const panic = std.debug.FullPanic(struct {
    fn lastWords(message: []const u8, _: ?usize) noreturn {
        var buffer: [1024]u8 = undefined;
        log(.@"error", std.fmt.bufPrint(&buffer, "concierge {s}: {s}", .{ version, message }) catch message);
        @trap();
    }
}.lastWords);

export fn exports_bothost_bot_message_handle(
    context: *c.bothost_bot_types_context_t,
    message: *c.exports_bothost_bot_message_message_t,
    outcome: *c.bothost_bot_actions_outcome_t,
    failure: *c.bothost_bot_actions_failure_t,
) bool {
    const result = concierge.onMessage(heap.allocator, readContext(context), .{
        .text = option(message.text),
        .full_name = option(message.author.full_name),
        .pressed = if (message.presses.len > 0) string(message.presses.ptr[message.presses.len - 1].payload) else null,
        .list_response = if (message.list_response.is_some) string(message.list_response.val) else null,
    }) catch @panic("out of memory");
    return answer(result, outcome, failure);
}

export fn exports_bothost_bot_update_handle(
    context: *c.bothost_bot_types_context_t,
    update: *c.exports_bothost_bot_update_update_t,
    outcome: *c.bothost_bot_actions_outcome_t,
    failure: *c.bothost_bot_actions_failure_t,
) bool {
    const result = concierge.onUpdate(heap.allocator, readContext(context), switch (update.operation.tag) {
        c.EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CREATED => .created,
        c.EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CLOSED => .closed,
        c.EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_AGENT_RESPONSE => .agent_response,
        c.EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_OWNER_CHANGED => .{
            .owner_changed = readOwner(update.operation.val.owner_changed),
        },
        else => .{ .other = string(update.operation.val.other.kind) },
    }) catch @panic("out of memory");
    return answer(result, outcome, failure);
}

/// Logs the turn's line and hands the result to the host: true and an outcome, or false and a failure.
fn answer(
    result: concierge.Result,
    outcome: *c.bothost_bot_actions_outcome_t,
    failure: *c.bothost_bot_actions_failure_t,
) bool {
    switch (result) {
        .turn => |turn| {
            log(turn.level, heap.allocator.print("concierge {s}: {s}", .{ version, turn.line }) catch turn.line);
            outcome.* = lower.outcome(turn.outcome);
            return true;
        },
        .give_up => |reason| {
            failure.* = .{ .tag = c.BOTHOST_BOT_ACTIONS_FAILURE_GIVE_UP, .val = .{ .give_up = lower.string(reason) } };
            return false;
        },
    }
}

fn log(level: contract.Level, line: []const u8) void {
    // The host reads the line during the call, so it needs no copy.
    var words: c.bot_string_t = .{ .ptr = @constCast(line.ptr), .len = line.len };
    c.bothost_bot_log_write(@backingInt(level), &words);
}

fn readContext(context: *const c.bothost_bot_types_context_t) contract.Context {
    var refused: ?[]const u8 = null;
    for (context.extras.ptr[0..context.extras.len]) |extra| {
        if (refused == null and std.mem.eql(u8, string(extra.key), "refused")) refused = string(extra.value);
    }
    return .{
        .bot_id = string(context.bot_id),
        .may_speak = context.may_speak,
        .state = option(context.state),
        .config = string(context.config),
        .now_ms = context.now_ms,
        .refused = refused,
    };
}

fn readOwner(owner: c.bothost_bot_types_owner_t) contract.Owner {
    return if (owner.tag == c.BOTHOST_BOT_TYPES_OWNER_BOT) .{ .bot = string(owner.val.bot) } else .agent;
}

fn string(from: c.bot_string_t) []const u8 {
    return from.ptr[0..from.len];
}

fn option(from: c.bot_option_string_t) ?[]const u8 {
    return if (from.is_some) string(from.val) else null;
}
