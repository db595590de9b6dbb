//! Opening hours: read from the configuration, asked with the turn's own clock.

const std = @import("std");
const Reader = @import("json.zig").Reader;
const text = @import("text.zig");

const day_names = [7][]const u8{ "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
const minutes_per_day = 24 * 60;

/// Minutes of a day.
const Span = struct { from: u16, until: u16 };

/// When the house is open.
pub const Hours = struct {
    /// Monday first; null when closed.
    days: [7]?Span = @splat(null),

    /// What holds where nothing is configured.
    pub const default: Hours = .{ .days = .{
        weekday, weekday, weekday, weekday, weekday, .{ .from = 10 * 60, .until = 16 * 60 }, null,
    } };
    const weekday: Span = .{ .from = 9 * 60, .until = 18 * 60 };

    /// Whether the house is open at this time, in milliseconds since 1970-01-01 UTC.
    pub fn openAt(hours: Hours, now_ms: u64, utc_offset_minutes: i64) bool {
        const utc: i64 = @intCast(now_ms / 60_000);
        const minute = utc +| utc_offset_minutes;
        // 1970-01-01 was a Thursday, three days after a Monday.
        const weekday_number: usize = @intCast(@mod(@divFloor(minute, minutes_per_day) + 3, 7));
        const minute_of_day = @mod(minute, minutes_per_day);
        const span = hours.days[weekday_number] orelse return false;
        return span.from <= minute_of_day and minute_of_day < span.until;
    }

    /// The week in words, days of the same hours together: `mon-fri 09:00-18:00, sat 10:00-16:00`.
    pub fn format(hours: Hours, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        var day: usize = 0;
        var is_open = false;
        while (day < hours.days.len) {
            var last = day;
            while (last + 1 < hours.days.len and std.meta.eql(hours.days[last + 1], hours.days[day])) last += 1;
            if (hours.days[day]) |span| {
                try writer.print("{s}{s}", .{ if (is_open) ", " else "", day_names[day] });
                if (last > day) try writer.print("-{s}", .{day_names[last]});
                const from, const until = .{ span.from, span.until };
                try writer.print(" {d:0>2}:{d:0>2}-{d:0>2}:{d:0>2}", .{ from / 60, from % 60, until / 60, until % 60 });
                is_open = true;
            }
            day = last + 1;
        }
        if (!is_open) try writer.writeAll("closed until further notice");
    }

    /// Reads hours as they are written in words, or from an object such as `{"mon-fri": "09:00-18:00"}`. A day that is
    /// not named is closed.
    pub fn fromJson(reader: *Reader, value: std.json.Value) Reader.Error!Hours {
        var hours: Hours = .{};
        switch (value) {
            .string => |written| {
                var entries = std.mem.splitScalar(u8, written, ',');
                while (entries.next()) |entry| {
                    const days, const span = std.mem.cutScalar(u8, text.trim(entry), ' ') orelse .{ entry, "" };
                    try hours.put(reader, days, span);
                }
            },
            .object => |object| {
                // In the order of their names, so that an object means the same however it is written.
                const names = try reader.arena.dupe([]const u8, object.keys());
                std.mem.sort([]const u8, names, {}, lessThan);
                for (names) |days| switch (object.get(days).?) {
                    .string => |span| try hours.put(reader, days, span),
                    else => return reader.refuse("the hours of {q} are not a text", .{days}),
                };
            },
            else => return reader.refuse("neither a text nor an object", .{}),
        }
        return hours;
    }

    fn put(hours: *Hours, reader: *Reader, days: []const u8, written: []const u8) Reader.Error!void {
        const from, const until = std.mem.cutScalar(u8, days, '-') orelse .{ days, days };
        const first = dayNumber(from) orelse return reader.refuse(not_a_day, .{days});
        const last = dayNumber(until) orelse return reader.refuse(not_a_day, .{days});
        const span = readSpan(written) orelse {
            return reader.refuse("{q} is not a time span such as 09:00-18:00", .{written});
        };
        if (last < first) return reader.refuse("{q} ends before it begins", .{days});
        @memset(hours.days[first .. last + 1], span);
    }
};

const not_a_day = "{q} is neither a day nor a range of days such as mon-fri";

fn lessThan(_: void, a: []const u8, b: []const u8) bool {
    return std.mem.order(u8, a, b) == .lt;
}

fn dayNumber(name: []const u8) ?usize {
    for (day_names, 0..) |day_name, number| {
        if (std.mem.eql(u8, day_name, text.trim(name))) return number;
    }
    return null;
}

fn readSpan(written: []const u8) ?Span {
    const from, const until = std.mem.cutScalar(u8, written, '-') orelse return null;
    const span: Span = .{ .from = readMinute(from) orelse return null, .until = readMinute(until) orelse return null };
    return if (span.from < span.until) span else null;
}

/// Reads `09:00`; the day ends at `24:00`.
fn readMinute(written: []const u8) ?u16 {
    const hours, const minutes = std.mem.cutScalar(u8, text.trim(written), ':') orelse return null;
    const hour = std.fmt.parseInt(u16, hours, 10) catch return null;
    const minute = std.fmt.parseInt(u16, minutes, 10) catch return null;
    if (hour > 24 or minute >= 60 or hour * 60 + minute > minutes_per_day) return null;
    return hour * 60 + minute;
}

const testing = std.testing;
const noon = 12 * 3_600_000;
const day_ms = 24 * 3_600_000;

fn read(arena: std.mem.Allocator, json: []const u8) !Hours {
    var reader: Reader = .{ .arena = arena };
    return reader.read(Hours, json);
}

fn expectWords(json: []const u8, words: []const u8) !void {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    try testing.expectFmt(words, "{f}", .{try read(arena.allocator(), json)});
}

fn expectRefused(json: []const u8, part: []const u8) !void {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    var reader: Reader = .{ .arena = arena.allocator() };
    try testing.expectError(error.Refused, reader.read(Hours, json));
    try testing.expect(std.mem.find(u8, reader.complaint, part) != null);
}

test "the week begins on the right day" {
    const hours: Hours = .default;
    try testing.expect(hours.openAt(noon, 0));
    try testing.expect(hours.openAt(noon + 2 * day_ms, 0)); // Saturday
    try testing.expect(!hours.openAt(noon + 3 * day_ms, 0)); // Sunday
    try testing.expect(!hours.openAt(0, 0)); // Thursday at midnight
}

test "the last minute is open and the next is not" {
    const hours: Hours = .default;
    try testing.expect(hours.openAt((18 * 60 - 1) * 60_000, 0));
    try testing.expect(!hours.openAt(18 * 60 * 60_000, 0));
}

test "the offset moves the day" {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    const hours = try read(arena.allocator(), "{\"wed\": \"22:00-24:00\"}");
    try testing.expect(hours.openAt(0, -60)); // Thursday 00:00 UTC is Wednesday 23:00 an hour further west
    try testing.expect(!hours.openAt(0, 60));
    // Nonsense in, an answer out.
    try testing.expect(!hours.openAt(std.math.maxInt(u64), std.math.maxInt(i64)));
    _ = hours.openAt(0, std.math.minInt(i64));
}

test "days of the same hours stand together" {
    try expectWords("\"mon-fri 09:00-18:00, sat 10:00-16:00\"", "mon-fri 09:00-18:00, sat 10:00-16:00");
    try expectWords("\"mon 9:0-10:0, wed-thu 9:5-24:0\"", "mon 09:00-10:00, wed-thu 09:05-24:00");
    try expectWords("{\"mon-tue\": \"09:00-10:00\", \"mon\": \"01:00-02:00\"}", "mon-tue 09:00-10:00");
    try expectWords("{}", "closed until further notice");
}

test "wrong hours are named" {
    try expectRefused("\"always\"", "always");
    try expectRefused("{\"someday\": \"09:00-18:00\"}", "someday");
    try expectRefused("{\"fri-mon\": \"09:00-18:00\"}", "ends before it begins");
    try expectRefused("{\"tue-mon\": \"09:00-18:00\"}", "ends before it begins");
    try expectRefused("{\"mon\": \"18:00-09:00\"}", "18:00-09:00");
    try expectRefused("{\"mon\": \"25:00-26:00\"}", "25:00-26:00");
    try expectRefused("{\"mon\": 9}", "not a text");
    try expectRefused("3", "neither a text nor an object");
}
