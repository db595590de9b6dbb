//! Whole conversations, turn after turn, without a host: each turn gets the state that the one before it returned.

const std = @import("std");
const testing = std.testing;
const concierge = @import("concierge.zig");
const contract = @import("contract.zig");
const json = @import("json.zig");
const Memory = @import("memory.zig").Memory;

/// A customer, and what the host would keep between turns.
const Chat = struct {
    arena: std.heap.ArenaAllocator,
    context: contract.Context,
    full_name: []const u8 = "Jo Quill",
    actions: []const contract.Action = &.{},
    line: []const u8 = "",

    /// A conversation at noon on Thursday, 1970-01-01.
    fn begin() Chat {
        return .{ .arena = .init(testing.allocator), .context = .{
            .bot_id = "concierge",
            .may_speak = true,
            .state = null,
            .config = "{\"tag-person\": 1001, \"tag-booking\": 1002}",
            .now_ms = 12 * 3_600_000,
            .refused = null,
        } };
    }

    fn end(chat: *Chat) void {
        chat.arena.deinit();
    }

    fn message(chat: *Chat, what: contract.Message) !void {
        var named = what;
        named.full_name = chat.full_name;
        try chat.keep(try concierge.onMessage(chat.arena.allocator(), chat.context, named));
    }

    fn says(chat: *Chat, text: []const u8) !void {
        try chat.message(.{ .text = text });
    }

    fn update(chat: *Chat, what: contract.Update) !void {
        try chat.keep(try concierge.onUpdate(chat.arena.allocator(), chat.context, what));
        try testing.expectEqual(0, chat.actions.len);
    }

    fn keep(chat: *Chat, result: concierge.Result) !void {
        const turn = switch (result) {
            .turn => |turn| turn,
            .give_up => return error.GaveUp,
        };
        chat.actions, chat.line = .{ turn.outcome.actions, turn.line };
        switch (turn.outcome.state) {
            .keep => {},
            .set => |state| chat.context.state = state,
            .clear => chat.context.state = null,
        }
    }

    fn memory(chat: *Chat) !Memory {
        var reader: json.Reader = .{ .arena = chat.arena.allocator() };
        return Memory.read(&reader, chat.context.state);
    }

    fn said(chat: *Chat) contract.Response {
        for (chat.actions) |action| if (action == .respond) return action.respond;
        return .{ .text = "" };
    }

    fn expectSaid(chat: *Chat, text: []const u8) !void {
        try testing.expectEqualStrings(text, chat.said().text);
    }

    fn expectPart(chat: *Chat, part: []const u8) !void {
        errdefer std.debug.print("said: {s}\n", .{chat.said().text});
        try testing.expect(std.mem.find(u8, chat.said().text, part) != null);
    }

    fn expectActions(chat: *Chat, comptime kinds: []const std.meta.Tag(contract.Action)) !void {
        var found: [8]std.meta.Tag(contract.Action) = undefined;
        for (chat.actions, 0..) |action, at| found[at] = action;
        try testing.expectEqualSlices(std.meta.Tag(contract.Action), kinds, found[0..chat.actions.len]);
    }
};

test "a new customer is greeted by name and only once" {
    var chat: Chat = .begin();
    defer chat.end();
    try chat.update(.created);
    try chat.says("hello");
    try chat.expectSaid("Welcome to Lantern House, Jo! 👋 How can I help?");
    try testing.expectEqualStrings("message 1, hello, 1 actions", chat.line);
    try testing.expectEqualStrings("person", chat.said().buttons[2].payload);
    try chat.says("hello");
    try chat.expectSaid("Hello again! How can I help?");
}

test "an invented name is not used" {
    var chat: Chat = .begin();
    defer chat.end();
    chat.full_name = "Anonymous Stork 1afc-9b12";
    try chat.says("hi");
    try chat.expectSaid("Welcome to Lantern House! 👋 How can I help?");
}

test "hours tell whether it is open now, with typing around it" {
    var chat: Chat = .begin();
    defer chat.end();
    try chat.says("When do you open?");
    try chat.expectPart("We are open 🟢 right now. Our hours: mon-fri 09:00-18:00");
    try chat.expectActions(&.{ .typing_start, .respond, .typing_stop });
    chat.context.now_ms = 0;
    try chat.says("still open?");
    try chat.expectPart("We are closed 🌙");
}

test "treatments are picked from a list, pressed, or counted" {
    var chat: Chat = .begin();
    defer chat.end();
    try chat.says("a massage please");
    try testing.expectEqualStrings("forest-bath", chat.said().list.?.choices[1].id);
    try chat.message(.{ .list_response = "{\"selected\": [{\"id\": \"forest-bath\", \"title\": \"Forest bath\"}]}" });
    try testing.expectEqualStrings("Forest bath", (try chat.memory()).chosen.?);
    try testing.expectEqualStrings("message 2, choose forest-bath, 3 actions", chat.line);

    // Where there are no lists the host makes buttons of the choices, which send their ids.
    try chat.message(.{ .pressed = "tea-ritual" });
    try chat.expectPart("Tea ritual: a lovely choice.");
    try chat.expectActions(&.{ .respond, .note, .tag });
    try testing.expectEqualStrings("Wants to book: Tea ritual", chat.actions[1].note);
    try testing.expectEqualStrings("1002", chat.actions[2].tag);

    // Where nothing can be pressed a number chooses, and a slip in between does no harm.
    try chat.says("treatments");
    try chat.says("hmm");
    try chat.says("1");
    try testing.expectEqualStrings("Hot stone massage", (try chat.memory()).chosen.?);
}

test "a person gets a summary, and where there are none, none is called" {
    var chat: Chat = .begin();
    defer chat.end();
    try chat.says("When do you open?");
    try chat.says("tea ritual 🍵");
    try chat.says("Could I speak with someone?");
    // The farewell comes before the hand-off.
    try chat.expectActions(&.{ .respond, .tag, .hand_off });
    try testing.expectEqualStrings("1001", chat.actions[1].tag);
    try testing.expectEqualStrings("Because the customer asks for a person. Jo: 3 messages, asked about opening hours, " ++
        "chose Tea ritual. Last words: “When do you open?” “tea ritual 🍵” “Could I speak with someone?”", chat.actions[2].hand_off);
    chat.context.refused = "[\"hand-off\", \"move-to\"]";
    try chat.says("a person, please");
    try chat.expectPart("I cannot call a colleague from here.");
    try chat.expectActions(&.{.respond});
}

test "two unclear messages call a person" {
    var chat: Chat = .begin();
    defer chat.end();
    try chat.says("blorp");
    try chat.expectActions(&.{.respond});
    try chat.says("hours");
    try chat.says("blorp");
    try chat.expectActions(&.{.respond});
    try chat.says("🦆");
    try chat.expectActions(&.{ .respond, .tag, .hand_off });
}

test "while an agent speaks the bot listens" {
    var chat: Chat = .begin();
    defer chat.end();
    try chat.update(.{ .owner_changed = .agent });
    chat.context.may_speak = false;
    try chat.says("hello");
    try chat.says("I want a human");
    try chat.expectActions(&.{});
    try testing.expectEqual(2, (try chat.memory()).messages);
    try chat.update(.agent_response);
    try chat.update(.{ .owner_changed = .{ .bot = "mirror" } });
    try testing.expectEqualStrings("another bot has the conversation now", chat.line);
    try chat.update(.{ .owner_changed = .{ .bot = "concierge" } });
    try chat.update(.{ .other = "MOVED" });
    chat.context.may_speak = true;
    try chat.says("hello");
    try chat.expectSaid("Hello again! How can I help?");
    try testing.expect((try chat.memory()).agent_spoke);
}

test "the end forgets, the beginning starts fresh, and a state of somebody else is given up on" {
    var chat: Chat = .begin();
    defer chat.end();
    try chat.says("hello");
    try chat.update(.closed);
    try testing.expectEqual(null, chat.context.state);
    chat.context.state = "v1;3";
    const result = try concierge.onMessage(chat.arena.allocator(), chat.context, .{});
    try testing.expect(std.mem.find(u8, result.give_up, "not one of concierge's: not JSON (SyntaxError)") != null);
    try testing.expectError(error.GaveUp, chat.update(.agent_response));
    try chat.update(.created);
    try testing.expectEqualDeep(Memory{}, try chat.memory());
}

test "a button may be older than the list, and a list may be empty or broken" {
    var chat: Chat = .begin();
    defer chat.end();
    try chat.message(.{ .pressed = "mud-pack" });
    try testing.expectEqual(1, (try chat.memory()).misunderstood);
    chat.context.config = "{\"treatments\": \"! = !\"}";
    try chat.says("spa"); // A title without letters is not found in every text.
    try testing.expectEqual(1, chat.said().list.?.choices.len);
    chat.context.config = "{\"treatments\": \"\"}";
    try chat.says("spa");
    try chat.expectSaid("There is nothing to book right now.");
    chat.context.config = "{\"treatments\": \"Tea\"}";
    try chat.says("thanks");
    try testing.expect(std.mem.find(u8, chat.line, "; the configuration is not used: treatments: \"Tea\" is not a") != null);
}
