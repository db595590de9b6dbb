//! What the bot remembers of a conversation: JSON in the state that the host keeps between turns.

const std = @import("std");
const Allocator = std.mem.Allocator;
const json = @import("json.zig");
const text = @import("text.zig");

/// How many of the customer's last texts are kept for the summary.
const words_kept = 3;
/// How much of each, in characters.
const words_long = 120;

/// Something to ask about.
pub const Topic = enum { hours, treatments };

/// A conversation's memory.
pub const Memory = struct {
    /// Messages of the customer, also those that an agent answered.
    messages: u32 = 0,
    /// Whether the customer has been greeted.
    greeted: bool = false,
    /// Whether a human agent took part.
    agent_spoke: bool = false,
    /// Messages in a row that the bot made nothing of.
    misunderstood: u32 = 0,
    /// What the customer asked about, each thing once.
    asked: []const Topic = &.{},
    /// Whether the list of treatments is on the customer's screen.
    offered: bool = false,
    /// The treatment that the customer chose.
    chosen: ?[]const u8 = null,
    /// The customer's last words, oldest first.
    last_words: []const []const u8 = &.{},

    /// Reads what an earlier turn wrote; a fresh memory when there is none.
    pub fn read(reader: *json.Reader, state: ?[]const u8) json.Reader.Error!Memory {
        return if (state) |written| reader.read(Memory, written) else .{};
    }

    /// Writes it for the next turn.
    pub fn write(memory: Memory, arena: Allocator) ![]const u8 {
        return json.write(arena, memory);
    }

    /// Counts a message and keeps its words.
    pub fn count(memory: *Memory, arena: Allocator, words: ?[]const u8) !void {
        memory.messages +|= 1;
        const trimmed = text.trim(words orelse "");
        if (trimmed.len == 0) return;
        const all = try std.mem.concat(arena, []const u8, &.{ memory.last_words, &.{text.head(trimmed, words_long)} });
        memory.last_words = all[all.len -| words_kept..];
    }

    /// Remembers that the customer asked about something.
    pub fn ask(memory: *Memory, arena: Allocator, topic: Topic) !void {
        if (std.mem.findScalar(Topic, memory.asked, topic) != null) return;
        memory.asked = try std.mem.concat(arena, Topic, &.{ memory.asked, &.{topic} });
    }

    /// Remembers that an agent took part. A bot that says hello after a person already did looks silly.
    pub fn meetAgent(memory: *Memory) void {
        memory.agent_spoke = true;
        memory.greeted = true;
    }

    /// The conversation for the agent who takes it over.
    pub fn format(memory: Memory, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        try writer.print("{d} {s}", .{ memory.messages, if (memory.messages == 1) "message" else "messages" });
        for (memory.asked, 0..) |topic, at| try writer.print("{s}{s}", .{
            if (at == 0) ", asked about " else " and ",
            switch (topic) {
                .hours => "opening hours",
                .treatments => "treatments",
            },
        });
        if (memory.chosen) |chosen| try writer.print(", chose {s}", .{chosen});
        if (memory.agent_spoke) try writer.writeAll(", has talked to an agent before");
        for (memory.last_words, 0..) |words, at| {
            try writer.print("{s}“{s}”", .{ if (at == 0) ". Last words: " else " ", words });
        }
    }
};

const testing = std.testing;

test "what is written can be read" {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    var memory: Memory = .{ .chosen = "Tea \"ritual\" 🍵" };
    try memory.count(arena.allocator(), " a 👩‍👩‍👧 family\n");
    try memory.ask(arena.allocator(), .hours);
    try memory.ask(arena.allocator(), .hours);
    const written = try memory.write(arena.allocator());
    try testing.expectEqualStrings("{\"messages\":1,\"greeted\":false,\"agent-spoke\":false,\"misunderstood\":0," ++
        "\"asked\":[\"hours\"],\"offered\":false,\"chosen\":\"Tea \\\"ritual\\\" 🍵\",\"last-words\":[\"a 👩‍👩‍👧 family\"]}", written);
    var reader: json.Reader = .{ .arena = arena.allocator() };
    try testing.expectEqualDeep(memory, try Memory.read(&reader, written));
}

test "an older version knew less" {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    var reader: json.Reader = .{ .arena = arena.allocator() };
    try testing.expectEqual(3, (try Memory.read(&reader, "{\"messages\": 3}")).messages);
    try testing.expectError(error.Refused, Memory.read(&reader, "v1;3"));
}

test "it does not grow with the conversation" {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    var memory: Memory = .{};
    var tea: [4 * 1000]u8 = undefined;
    for (0..1000) |at| @memcpy(tea[4 * at ..][0..4], "🍵");
    for (0..100) |_| {
        try memory.count(arena.allocator(), &tea);
        try memory.ask(arena.allocator(), .treatments);
    }
    try testing.expectEqual(words_kept, memory.last_words.len);
    try testing.expectEqual(4 * words_long, memory.last_words[2].len);
    try testing.expect((try memory.write(arena.allocator())).len < 2000);
    try testing.expectEqual(100, memory.messages);
}
