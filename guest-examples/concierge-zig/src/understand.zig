//! What the customer wants: a pressed button says it exactly, a list's answer nearly so, and words must be guessed
//! from.

const std = @import("std");
const Allocator = std.mem.Allocator;
const Message = @import("contract.zig").Message;
const Reader = @import("json.zig").Reader;
const Treatment = @import("settings.zig").Treatment;
const text = @import("text.zig");

/// What a message asks for.
pub const Intent = union(enum) {
    /// A greeting and nothing more.
    hello,
    /// When the house is open.
    hours,
    /// What can be booked.
    treatments,
    /// This treatment.
    choose: Treatment,
    /// A human being.
    person,
    /// No more than thanks.
    thanks,
    /// Nothing that this bot knows.
    unclear,

    /// As it stands in the log.
    pub fn format(intent: Intent, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        try writer.writeAll(@tagName(intent));
        if (intent == .choose) try writer.print(" {s}", .{intent.choose.id});
    }
};

/// Words for each intent, as `text.words` would write them. The first that occurs wins, so that "Hello, can I talk to a
/// person?" asks for a person.
const phrases = [_]struct { Intent, []const []const u8 }{
    .{ .person, spaced(&.{
        "human",     "person",    "agent",   "someone",  "somebody",   "operator", "representative", "staff",
        "colleague", "reception", "talk to", "speak to", "speak with", "call me",  "not a bot",      "real people",
    }) },
    .{ .hours, spaced(&.{ "hours", "open", "opening", "close", "closed", "closing", "when can i come" }) },
    .{ .treatments, spaced(&.{
        "treatment", "treatments", "massage", "spa", "book", "booking", "menu", "offer", "appointment", "reserve",
    }) },
    .{ .thanks, spaced(&.{ "thanks", "thank you", "thx", "cheers", "🙏" }) },
    .{ .hello, spaced(&.{ "hello", "hi", "hey", "good morning", "good afternoon", "good evening", "👋" }) },
};

/// Phrases with a space on either side, so that "hi" is not found in "this".
fn spaced(comptime list: []const []const u8) []const []const u8 {
    comptime var made: [list.len][]const u8 = undefined;
    inline for (list, &made) |phrase, *with_spaces| with_spaces.* = " " ++ phrase ++ " ";
    const done = made;
    return &done;
}

/// What a message asks for. `offered` says whether the treatments were the last thing shown, so that "2" means one of
/// them.
pub fn understand(arena: Allocator, message: Message, treatments: []const Treatment, offered: bool) !Intent {
    if (message.pressed) |payload| return fromPayload(payload, treatments);
    if (message.list_response) |response| return fromList(arena, response, treatments);
    return fromText(arena, message.text orelse "", treatments, offered);
}

/// What a pressed button means. A payload that is no word of ours is the id of a treatment: the host sends it for a
/// list's choice where the network has no lists. The button may be older than the list of treatments.
fn fromPayload(payload: []const u8, treatments: []const Treatment) Intent {
    inline for (.{ .hello, .hours, .treatments, .person, .thanks, .unclear }) |intent| {
        if (std.mem.eql(u8, payload, @tagName(intent))) return intent;
    }
    for (treatments) |treatment| {
        if (std.mem.eql(u8, payload, treatment.id)) return .{ .choose = treatment };
    }
    return .unclear;
}

/// The treatment that a list picker's answer names. Its shape is not documented, so any text in it that is an id of
/// ours counts, as long as there is exactly one.
fn fromList(arena: Allocator, response: []const u8, treatments: []const Treatment) !Intent {
    var reader: Reader = .{ .arena = arena };
    const value = reader.parse(response) catch |err| switch (err) {
        error.Refused => return .unclear,
        else => |other| return other,
    };
    var intent: Intent = .unclear;
    for (treatments) |treatment| {
        if (!mentions(value, treatment.id)) continue;
        if (intent == .choose) return .unclear;
        intent = .{ .choose = treatment };
    }
    return intent;
}

fn mentions(value: std.json.Value, id: []const u8) bool {
    const inside = switch (value) {
        .string => |string| return std.mem.eql(u8, string, id),
        .array => |array| array.items,
        .object => |object| object.values(),
        else => return false,
    };
    for (inside) |item| if (mentions(item, id)) return true;
    return false;
}

fn fromText(arena: Allocator, said: []const u8, treatments: []const Treatment, offered: bool) !Intent {
    const words = try text.words(arena, said);
    if (offered) if (std.fmt.parseInt(u32, text.trim(words), 10)) |number| {
        return if (number >= 1 and number <= treatments.len) .{ .choose = treatments[number - 1] } else .unclear;
    } else |_| {};
    for (treatments) |treatment| {
        // A title without a single letter is in nothing.
        const title = try text.words(arena, treatment.title);
        if (title.len > 1 and std.mem.find(u8, words, title) != null) return .{ .choose = treatment };
    }
    for (phrases) |entry| {
        const intent, const list = entry;
        for (list) |phrase| if (std.mem.find(u8, words, phrase) != null) return intent;
    }
    return .unclear;
}

const testing = std.testing;
const three = (@import("settings.zig").Treatments{}).list;

fn expectMeant(intent: []const u8, said: []const u8, offered: bool) !void {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    try testing.expectFmt(intent, "{f}", .{try fromText(arena.allocator(), said, three, offered)});
}

fn expectPicked(intent: []const u8, response: []const u8) !void {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    try testing.expectFmt(intent, "{f}", .{try fromList(arena.allocator(), response, three)});
}

test "people ask for people in many ways" {
    for ([_][]const u8{
        "I want a human!",                                "Can I talk to someone?", "agent",
        "Hello, please let me speak with your reception", "are you a real person?", "CALL ME",
    }) |said| try expectMeant("person", said, false);
}

test "words are whole words" {
    try expectMeant("unclear", "this", false);
    try expectMeant("hello", "hi there", false);
    try expectMeant("hello", "👋", false);
    try expectMeant("unclear", "", false);
}

test "a number means a treatment only after the list" {
    try expectMeant("choose forest-bath", "2", true);
    try expectMeant("choose forest-bath", " 2. ", true);
    try expectMeant("unclear", "0", true);
    try expectMeant("unclear", "99999999999999999999", true);
    try expectMeant("unclear", "2", false);
    try expectMeant("choose tea-ritual", "the tea ritual, please", false);
}

test "a list's answer must name one treatment" {
    try expectPicked("choose hot-stone", "{\"sections\": [{\"choices\": [{\"id\": \"hot-stone\"}]}]}");
    try expectPicked("unclear", "[\"hot-stone\", \"tea-ritual\"]");
    try expectPicked("unclear", "{\"tea-ritual\": \"something else\"}");
    try expectPicked("unclear", "not JSON");
}

test "every payload comes back as its intent" {
    for ([_][]const u8{ "hello", "hours", "treatments", "person", "thanks" }) |payload| {
        try testing.expectFmt(payload, "{f}", .{fromPayload(payload, three)});
    }
    try testing.expectFmt("choose tea-ritual", "{f}", .{fromPayload("tea-ritual", three)});
    try testing.expectFmt("unclear", "{f}", .{fromPayload("mud-pack", three)});
}
