//! Zig values from JSON and back. `std.json` does the reading; this file is stricter about what fits: a number in
//! quotes is no number, and nothing may be nested without end. Fields are named `like_this` in Zig and `like-this` in
//! JSON.

const std = @import("std");
const Allocator = std.mem.Allocator;
const Value = std.json.Value;

/// How deep a text may be nested: whoever walks through a value takes a piece of the stack for each level.
const depth_max = 127;

/// Reads JSON texts, and says what is wrong with those that it refuses.
pub const Reader = struct {
    arena: Allocator,
    /// Why the last text was refused.
    complaint: []const u8 = "",

    pub const Error = error{Refused} || Allocator.Error;

    /// Reads a value of type `T`. A struct's fields that are missing keep their defaults, and fields that it does not
    /// have are ignored. A type with a function `fromJson` is read by that.
    pub fn read(reader: *Reader, T: type, text: []const u8) Error!T {
        return reader.convert(T, try reader.parse(text));
    }

    /// Reads any value.
    pub fn parse(reader: *Reader, text: []const u8) Error!Value {
        reader.checkDepth(text) catch |err| return reader.refuseText(err);
        return std.json.parseFromSliceLeaky(Value, reader.arena, text, .{}) catch |err| reader.refuseText(err);
    }

    /// Remembers why a text is refused.
    pub fn refuse(reader: *Reader, comptime format: []const u8, args: anytype) Error {
        reader.complaint = try reader.arena.print(format, args);
        return error.Refused;
    }

    fn refuseText(reader: *Reader, err: anyerror) Error {
        return if (err == error.OutOfMemory) error.OutOfMemory else reader.refuse("not JSON ({t})", .{err});
    }

    fn checkDepth(reader: *Reader, text: []const u8) !void {
        var scanner: std.json.Scanner = .initCompleteInput(reader.arena, text);
        while (try scanner.next() != .end_of_document) {
            if (scanner.stackHeight() > depth_max) return error.NestedTooDeep;
        }
    }

    fn convert(reader: *Reader, T: type, value: Value) Error!T {
        switch (@typeInfo(T)) {
            .bool => if (value == .bool) return value.bool,
            .int => if (value == .integer) if (std.math.cast(T, value.integer)) |number| return number,
            .optional => |optional| return if (value == .null) null else try reader.convert(optional.child, value),
            .@"enum" => if (value == .string) if (std.meta.stringToEnum(T, value.string)) |case| return case,
            .pointer => |slice| if (slice.child == u8) {
                if (value == .string) return value.string;
            } else if (value == .array) {
                const items = try reader.arena.alloc(slice.child, value.array.items.len);
                for (items, value.array.items) |*item, from| item.* = try reader.convert(slice.child, from);
                return items;
            },
            .@"struct" => if (@hasDecl(T, "fromJson")) {
                return T.fromJson(reader, value);
            } else if (value == .object) {
                return reader.convertFields(T, value.object);
            },
            else => @compileError("no JSON is read as a " ++ @typeName(T)),
        }
        return reader.refuse("{t} where {s} is wanted", .{ value, @typeName(T) });
    }

    fn convertFields(reader: *Reader, T: type, object: std.json.ObjectMap) Error!T {
        var whole: T = .{};
        inline for (comptime std.meta.fieldNames(T)) |name| {
            if (object.get(jsonName(name))) |value| {
                @field(whole, name) = reader.convert(@FieldType(T, name), value) catch |err| switch (err) {
                    error.Refused => return reader.refuse("{s}: {s}", .{ jsonName(name), reader.complaint }),
                    else => |other| return other,
                };
            }
        }
        return whole;
    }
};

/// Writes a struct as a JSON object.
pub fn write(arena: Allocator, whole: anytype) ![]const u8 {
    var out: std.Io.Writer.Allocating = .init(arena);
    var json: std.json.Stringify = .{ .writer = &out.writer };
    writeFields(&json, whole) catch return error.OutOfMemory;
    return out.written();
}

fn writeFields(json: *std.json.Stringify, whole: anytype) !void {
    try json.beginObject();
    inline for (comptime std.meta.fieldNames(@TypeOf(whole))) |name| {
        try json.objectField(jsonName(name));
        try json.write(@field(whole, name));
    }
    try json.endObject();
}

fn jsonName(comptime name: []const u8) []const u8 {
    const kebab = comptime kebab: {
        var copy = name[0..name.len].*;
        std.mem.replaceScalar(u8, &copy, '_', '-');
        break :kebab copy;
    };
    return &kebab;
}

const testing = std.testing;

const Sample = struct {
    first_one: u8 = 1,
    maybe: ?[]const u8 = null,
    many: []const enum { red, blue } = &.{},
    is_so: bool = false,
};

fn expectRefused(text: []const u8, complaint: []const u8) !void {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    var reader: Reader = .{ .arena = arena.allocator() };
    try testing.expectError(error.Refused, reader.read(Sample, text));
    errdefer std.debug.print("{s}\n", .{reader.complaint});
    try testing.expect(std.mem.find(u8, reader.complaint, complaint) != null);
}

test "what is written can be read" {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    var reader: Reader = .{ .arena = arena.allocator() };
    const text = "{\"first-one\":7,\"maybe\":\"🍵 \\\"é\\\"\\u0001\x7f\",\"many\":[\"blue\",\"red\"],\"is-so\":true}";
    const sample = try reader.read(Sample, text);
    try testing.expectEqualStrings("🍵 \"é\"\x01\x7f", sample.maybe.?);
    try testing.expectEqualStrings(text, try write(arena.allocator(), sample));
    try testing.expectEqual(1, (try reader.read(Sample, "{\"more\": {}, \"maybe\": null}")).first_one);
}

test "what does not fit is refused by name" {
    try expectRefused("", "not JSON (UnexpectedEndOfInput)");
    try expectRefused("{\"maybe\": \"\\ud83c\"}", "not JSON");
    try expectRefused("{\"maybe\": \"a\", \"maybe\": \"b\"}", "DuplicateField");
    try expectRefused("[]", "array where");
    try expectRefused("{\"first-one\": \"7\"}", "first-one: string where u8 is wanted");
    try expectRefused("{\"first-one\": 256}", "first-one");
    try expectRefused("{\"first-one\": 1.0}", "first-one");
    try expectRefused("{\"maybe\": [104, 105]}", "maybe: array");
    try expectRefused("{\"many\": [\"green\"]}", "many: string");
    try expectRefused("{\"is-so\": null}", "is-so: null");
}

test "hostile texts are refused, and no more" {
    try expectRefused(&@as([128]u8, @splat('[')) ++ &@as([128]u8, @splat(']')), "NestedTooDeep");
    try expectRefused(&@as([100_000]u8, @splat('[')), "NestedTooDeep");
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    const all = "{\"first-one\":7,\"maybe\":\"\\ud83c\\udf75\\n\",\"many\":[\"blue\"],\"is-so\":true,\"x\":[1.5e3,null]}";
    var changed = all.*;
    for (0..all.len) |at| {
        for (0..256) |byte| {
            changed[at] = @intCast(byte);
            var reader: Reader = .{ .arena = arena.allocator() };
            _ = reader.read(Sample, &changed) catch |err| try testing.expectEqual(error.Refused, err);
        }
        changed[at] = all[at];
        try expectRefused(all[0..at], "");
    }
}
