//! A concierge: greets new customers, tells opening hours, offers treatments and hands over to people.
//!
//! This file is where a turn begins and ends. All of it is plain functions of their arguments, so `zig build test` runs
//! them without a host. Everything is taken from the turn's arena, and nothing is given back before the turn is over.
//!
//! | file             | what it answers                                       |
//! | ---------------- | ----------------------------------------------------- |
//! | `border.zig`     | how does the host call this, and get the answer?      |
//! | `contract.zig`   | what does a bot get, and what does it give?           |
//! | `settings.zig`   | how did the operator configure this bot?              |
//! | `memory.zig`     | what do we know of this conversation?                 |
//! | `understand.zig` | what does the customer want?                          |
//! | `hours.zig`      | are we open?                                          |
//! | `answer.zig`     | what do we do about it?                               |
//! | `json.zig`       | how do values come from JSON and go there?            |
//! | `text.zig`       | where do words and characters begin and end?          |

const std = @import("std");
const Allocator = std.mem.Allocator;
const answer = @import("answer.zig").answer;
const contract = @import("contract.zig");
const Memory = @import("memory.zig").Memory;
const Reader = @import("json.zig").Reader;
const Settings = @import("settings.zig").Settings;
const text = @import("text.zig");
const understand = @import("understand.zig").understand;

/// What came of an event.
pub const Result = union(enum) {
    turn: Turn,
    /// The bot cannot handle this event, for this reason, and trying again would not help.
    give_up: []const u8,
};

/// An outcome, and the line that the log gets about it.
pub const Turn = struct {
    outcome: contract.Outcome,
    level: contract.Level = .info,
    line: []const u8,
};

/// Answers a message.
pub fn onMessage(arena: Allocator, context: contract.Context, message: contract.Message) !Result {
    var complaint: ?[]const u8 = null;
    const settings = try Settings.read(arena, context.config, &complaint);
    var reader: Reader = .{ .arena = arena };
    var memory = Memory.read(&reader, context.state) catch |err| return giveUp(reader, err);
    try memory.count(arena, message.text);

    const intent = try understand(arena, message, settings.treatments.list, memory.offered);
    // While an agent has the conversation, listening is fine and answering would be refused.
    const actions = if (context.may_speak) try answer(arena, intent, .{
        .settings = settings,
        .first_name = firstName(message.full_name),
        .has_people = !try refuses(arena, context, "hand-off"),
        .now_ms = context.now_ms,
    }, &memory) else &.{};

    return .{ .turn = .{
        .outcome = .{ .actions = actions, .state = .{ .set = try memory.write(arena) } },
        .level = if (complaint == null) .info else .warn,
        .line = try arena.print("message {d}, {f}, {d} actions{s}{s}", .{
            memory.messages, intent, actions.len, if (complaint == null) "" else "; ", complaint orelse "",
        }),
    } };
}

/// Reacts to an update.
pub fn onUpdate(arena: Allocator, context: contract.Context, update: contract.Update) !Result {
    var reader: Reader = .{ .arena = arena };
    var memory: Memory = .{};
    var line: []const u8 = undefined;
    switch (update) {
        // These two do not look at the old memory, so they also heal one that cannot be read.
        .created => line = "a new conversation",
        .closed => return done(.clear, "the conversation ended"),
        .agent_response => {
            memory = Memory.read(&reader, context.state) catch |err| return giveUp(reader, err);
            memory.meetAgent();
            line = "an agent answered";
        },
        .owner_changed => |owner| {
            memory = Memory.read(&reader, context.state) catch |err| return giveUp(reader, err);
            line = meetOwner(owner, context.bot_id, &memory);
        },
        // A platform may tell more than this bot knows of; that is no reason to fail.
        .other => |kind| return done(.keep, try arena.print("{s} means nothing to me", .{kind})),
    }
    return done(.{ .set = try memory.write(arena) }, line);
}

fn done(state: contract.StateChange, line: []const u8) Result {
    return .{ .turn = .{ .outcome = .{ .state = state }, .line = line } };
}

/// A memory that cannot be read will not get better by trying again, so the bot gives up, and the host calls an agent.
fn giveUp(reader: Reader, err: Reader.Error) Allocator.Error!Result {
    if (err != error.Refused) return error.OutOfMemory;
    const reason = "the conversation's state is not one of concierge's: {s}";
    return .{ .give_up = try reader.arena.print(reason, .{reader.complaint}) };
}

fn meetOwner(owner: contract.Owner, own_id: []const u8, memory: *Memory) []const u8 {
    switch (owner) {
        .agent => {
            memory.meetAgent();
            return "an agent has the conversation now";
        },
        .bot => |id| {
            if (!std.mem.eql(u8, id, own_id)) return "another bot has the conversation now";
            memory.misunderstood = 0;
            return "the conversation is mine again";
        },
    }
}

/// Whether the host would refuse this action where the conversation happens.
fn refuses(arena: Allocator, context: contract.Context, action: []const u8) !bool {
    var reader: Reader = .{ .arena = arena };
    const names = reader.read([]const []const u8, context.refused orelse "[]") catch |err| switch (err) {
        error.Refused => return false,
        else => |other| return other,
    };
    for (names) |name| if (std.mem.eql(u8, name, action)) return true;
    return false;
}

/// The name to greet somebody by. Some networks invent one ("Anonymous Stork 1afc-9b12"), which is worse than none.
fn firstName(full_name: ?[]const u8) ?[]const u8 {
    const name = text.firstWord(text.trim(full_name orelse ""));
    return if (name.len == 0 or std.mem.eql(u8, name, "Anonymous")) null else name;
}

test {
    std.testing.refAllDecls(@This());
    _ = @import("conversations_test.zig");
}
