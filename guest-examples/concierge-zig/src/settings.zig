//! How the operator configured this bot: the registration's `metadata` object. Everything has a default.
//!
//! Khoros takes no object and no list within `metadata`, so each setting is a text or a number.

const std = @import("std");
const Hours = @import("hours.zig").Hours;
const Reader = @import("json.zig").Reader;
const trim = @import("text.zig").trim;

/// The configuration.
pub const Settings = struct {
    /// The house's name.
    house: []const u8 = "Lantern House",
    /// When it is open: `mon-fri 09:00-18:00, sat 10:00-16:00`; a day that is not named is closed.
    hours: Hours = .default,
    /// How far the house's clock is ahead of UTC, in minutes.
    utc_offset_minutes: i64 = 0,
    /// What can be booked: `tea-ritual = Tea ritual, 30 minutes 🍵; forest-bath = Forest bath`.
    treatments: Treatments = .{},
    /// The platform's tag for conversations that ask for a person. Khoros' tags are numbers.
    tag_person: ?u64 = null,
    /// The platform's tag for conversations in which something was chosen.
    tag_booking: ?u64 = null,

    /// Reads the configuration. A broken one must not silence the bot: it gets the defaults, and `complaint` is for the
    /// log.
    pub fn read(arena: std.mem.Allocator, config: []const u8, complaint: *?[]const u8) !Settings {
        var reader: Reader = .{ .arena = arena };
        return reader.read(Settings, config) catch |err| switch (err) {
            error.Refused => {
                complaint.* = try arena.print("the configuration is not used: {s}", .{reader.complaint});
                return .{};
            },
            else => |other| return other,
        };
    }
};

/// What can be booked, in the order in which it is offered.
pub const Treatments = struct {
    list: []const Treatment = &.{
        .{ .id = "hot-stone", .title = "Hot stone massage", .subtitle = "60 minutes 🪨" },
        .{ .id = "forest-bath", .title = "Forest bath", .subtitle = "45 minutes 🌲" },
        .{ .id = "tea-ritual", .title = "Tea ritual", .subtitle = "30 minutes 🍵" },
    },

    /// How many are offered at most: no network shows longer lists well.
    const max = 10;

    pub fn fromJson(reader: *Reader, value: std.json.Value) Reader.Error!Treatments {
        if (value != .string) return reader.refuse("not a text", .{});
        var list: std.ArrayList(Treatment) = .empty;
        var entries = std.mem.tokenizeScalar(u8, value.string, ';');
        while (entries.next()) |entry| {
            if (trim(entry).len == 0 or list.items.len == max) continue;
            try list.append(reader.arena, try Treatment.read(reader, trim(entry)));
        }
        return .{ .list = list.items };
    }
};

/// Something to book.
pub const Treatment = struct {
    /// Comes back with the choice.
    id: []const u8,
    /// Its name.
    title: []const u8,
    /// A word about it.
    subtitle: ?[]const u8 = null,

    /// Reads `tea-ritual = Tea ritual, 30 minutes 🍵`. The host refuses a choice without an id or a title, and with it
    /// the whole answer, so both must be there.
    fn read(reader: *Reader, entry: []const u8) Reader.Error!Treatment {
        const id, const words = std.mem.cutScalar(u8, entry, '=') orelse .{ "", "" };
        const title, const rest = std.mem.cutScalar(u8, words, ',') orelse .{ words, "" };
        if (trim(id).len == 0 or trim(title).len == 0) {
            return reader.refuse("{q} is not a treatment such as `tea-ritual = Tea ritual, 30 minutes`", .{entry});
        }
        const subtitle = if (trim(rest).len > 0) trim(rest) else null;
        return .{ .id = trim(id), .title = trim(title), .subtitle = subtitle };
    }
};

const testing = std.testing;

test "what is not configured has a default" {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    var complaint: ?[]const u8 = null;
    const settings = try Settings.read(arena.allocator(), "{\"house\": \"Villa 🌸\", \"tag-person\": 1001}", &complaint);
    try testing.expectEqual(null, complaint);
    try testing.expectEqualStrings("Villa 🌸", settings.house);
    try testing.expectEqual(1001, settings.tag_person);
    try testing.expectEqual(3, settings.treatments.list.len);
}

test "treatments are written in one text" {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    var complaint: ?[]const u8 = null;
    const config = "{\"treatments\": \"tea = Tea ritual, 30 minutes 🍵; bath = Bath;\"}";
    const settings = try Settings.read(arena.allocator(), config, &complaint);
    try testing.expectEqualDeep(&[_]Treatment{
        .{ .id = "tea", .title = "Tea ritual", .subtitle = "30 minutes 🍵" },
        .{ .id = "bath", .title = "Bath" },
    }, settings.treatments.list);
}

test "a broken configuration is complained about and not used" {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    for ([_][]const u8{
        "",                                    "[]x",
        "[]",                                  "{\"hours\": {\"someday\": \"9-5\"}}",
        "{\"tag-person\": \"vip\"}",           "{\"tag-person\": \"1001\"}",
        "{\"treatments\": \"Tea\"}",           "{\"treatments\": \"=Tea\"}",
        "{\"house\": \"V\", \"hours\": null}", "{\"house\": null}",
    }) |broken| {
        var complaint: ?[]const u8 = null;
        const settings = try Settings.read(arena.allocator(), broken, &complaint);
        try testing.expectEqualStrings("Lantern House", settings.house);
        try testing.expect(std.mem.startsWith(u8, complaint.?, "the configuration is not used: "));
    }
}
