//! What the bot does about what the customer wants.

const std = @import("std");
const Allocator = std.mem.Allocator;
const contract = @import("contract.zig");
const Action = contract.Action;
const Intent = @import("understand.zig").Intent;
const Memory = @import("memory.zig").Memory;
const settings_file = @import("settings.zig");
const Settings = settings_file.Settings;
const Treatment = settings_file.Treatment;

/// How many messages in a row may be unclear before a person takes over.
const patience = 2;

/// What an answer depends on besides the memory.
pub const Situation = struct {
    /// The bot's configuration.
    settings: Settings,
    /// The customer's first name, where it is known.
    first_name: ?[]const u8,
    /// Whether there are people to hand over to.
    has_people: bool,
    /// The time, in milliseconds since 1970-01-01 UTC.
    now_ms: u64,
};

/// Decides what to do, and remembers it.
pub fn answer(arena: Allocator, intent: Intent, situation: Situation, memory: *Memory) ![]const Action {
    memory.misunderstood = if (intent == .unclear) memory.misunderstood +| 1 else 0;
    const impatient = memory.misunderstood >= patience;
    // A slip after the list does not take the list away: "2" still works on the next try.
    if (intent != .unclear or impatient) memory.offered = false;
    var turn: Turn = .{ .arena = arena, .situation = situation, .memory = memory, .hello = null };
    turn.hello = try turn.greeting();
    switch (intent) {
        .hello => try turn.offer("{s}How can I help?", .{turn.hello orelse "Hello again! "}),
        .hours => try turn.tellHours(),
        .treatments => try turn.showTreatments(),
        .choose => |treatment| try turn.choose(treatment),
        .person => try turn.handOff("the customer asks for a person"),
        .thanks => try turn.say("{s}With pleasure! 🌸", .{turn.hello orelse ""}),
        .unclear => if (impatient)
            try turn.handOff("the bot does not understand the customer")
        else
            try turn.offer("{s}I know our opening hours and our treatments, or I call a person.", .{
                turn.hello orelse "Sorry, I did not understand that. ",
            }),
    }
    return turn.actions.items;
}

/// An answer in the making.
const Turn = struct {
    arena: Allocator,
    situation: Situation,
    memory: *Memory,
    /// The greeting, the first time.
    hello: ?[]const u8,
    actions: std.ArrayList(Action) = .empty,

    fn add(turn: *Turn, action: Action) !void {
        try turn.actions.append(turn.arena, action);
    }

    fn greeting(turn: *Turn) !?[]const u8 {
        if (turn.memory.greeted) return null;
        turn.memory.greeted = true;
        const comma, const name = if (turn.situation.first_name) |name| .{ ", ", name } else .{ "", "" };
        return try turn.arena.print("Welcome to {s}{s}{s}! 👋 ", .{ turn.situation.settings.house, comma, name });
    }

    fn say(turn: *Turn, comptime format: []const u8, arguments: anytype) !void {
        try turn.add(.{ .respond = .{ .text = try turn.arena.print(format, arguments) } });
    }

    /// Says a text, with a button for each thing that the bot knows.
    fn offer(turn: *Turn, comptime format: []const u8, arguments: anytype) !void {
        try turn.add(.{ .respond = .{
            .text = try turn.arena.print(format, arguments),
            .buttons = &.{
                .{ .text = "Opening hours", .payload = @tagName(Intent.hours) },
                .{ .text = "Treatments", .payload = @tagName(Intent.treatments) },
                .{ .text = "A person", .payload = @tagName(Intent.person) },
            },
        } });
    }

    /// An answer with "is writing" shown around it; where the network cannot, the host leaves that out. Sending a
    /// message does not end the indicator (seed 001), so it is ended too.
    fn addTyped(turn: *Turn, action: Action) !void {
        try turn.actions.appendSlice(turn.arena, &.{ .typing_start, action, .typing_stop });
    }

    fn tellHours(turn: *Turn) !void {
        const settings = turn.situation.settings;
        const open = settings.hours.openAt(turn.situation.now_ms, settings.utc_offset_minutes);
        try turn.memory.ask(turn.arena, .hours);
        try turn.addTyped(.{ .respond = .{
            .text = try turn.arena.print("{s}We are {s} right now. Our hours: {f}.", .{
                turn.hello orelse "",
                if (open) "open 🟢" else "closed 🌙",
                settings.hours,
            }),
        } });
    }

    /// Shows the treatments as a list picker. Where the network has none the host shows a numbered list with buttons in
    /// its place.
    fn showTreatments(turn: *Turn) !void {
        const treatments = turn.situation.settings.treatments.list;
        const hello = turn.hello orelse "";
        if (treatments.len == 0) return turn.offer("{s}There is nothing to book right now.", .{hello});
        const choices = try turn.arena.alloc(contract.Choice, treatments.len);
        for (choices, treatments) |*choice, treatment| {
            choice.* = .{ .id = treatment.id, .title = treatment.title, .subtitle = treatment.subtitle };
        }
        try turn.memory.ask(turn.arena, .treatments);
        turn.memory.offered = true;
        try turn.addTyped(.{ .respond = .{
            .text = try turn.arena.print("{s}What would you like?", .{hello}),
            .list = .{
                .request = .{ .title = "Our treatments", .subtitle = "Tap to choose" },
                .response = .{ .title = "Your choice", .subtitle = "Thank you" },
                .id = "treatments",
                .title = "Treatments",
                .choices = choices,
            },
        } });
    }

    fn choose(turn: *Turn, treatment: Treatment) !void {
        turn.memory.chosen = treatment.title;
        const thanks = "{s}{s}: a lovely choice. We have noted it. Anything else?";
        try turn.offer(thanks, .{ turn.hello orelse "", treatment.title });
        try turn.add(.{ .note = try turn.arena.print("Wants to book: {s}", .{treatment.title}) });
        try turn.addTag(turn.situation.settings.tag_booking);
    }

    fn handOff(turn: *Turn, why: []const u8) !void {
        const hello = turn.hello orelse "";
        turn.memory.misunderstood = 0;
        if (!turn.situation.has_people) {
            const sorry = "{s}I cannot call a colleague from here. I know our opening hours and our treatments.";
            return turn.offer(sorry, .{hello});
        }
        // The farewell comes first: after the hand-off the conversation is no longer ours to speak in.
        try turn.say("{s}One moment, I call a colleague. 🛎️", .{hello});
        try turn.addTag(turn.situation.settings.tag_person);
        const who = turn.situation.first_name orelse "The customer";
        try turn.add(.{ .hand_off = try turn.arena.print("Because {s}. {s}: {f}", .{ why, who, turn.memory }) });
    }

    /// The operator's tag for this, where there is one.
    fn addTag(turn: *Turn, tag: ?u64) !void {
        if (tag) |id| try turn.add(.{ .tag = try turn.arena.print("{d}", .{id}) });
    }
};
