//! Texts as people write them: white space of every kind, characters rather than bytes, lower case.

const std = @import("std");
const Allocator = std.mem.Allocator;

/// The C library's, which knows the simple mappings of all of Unicode; Zig's own library knows ASCII.
extern "c" fn towlower(character: c_uint) c_uint;

/// Whether a character is white space, as Unicode says (`White_Space`).
pub fn isSpace(character: u21) bool {
    return switch (character) {
        '\t'...'\r', ' ', 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 => true,
        else => false,
    };
}

/// The text without white space at its ends.
pub fn trim(text: []const u8) []const u8 {
    var start: usize = text.len;
    var end: usize = text.len;
    var characters = iterate(text);
    while (characters.nextCodepointSlice()) |bytes| {
        if (isSpace(decode(bytes))) continue;
        if (start == text.len) start = characters.i - bytes.len;
        end = characters.i;
    }
    return text[start..end];
}

/// Everything before the first white space.
pub fn firstWord(text: []const u8) []const u8 {
    var characters = iterate(text);
    while (characters.nextCodepointSlice()) |bytes| {
        if (isSpace(decode(bytes))) return text[0 .. characters.i - bytes.len];
    }
    return text;
}

/// The first `count` characters: code points, not bytes.
pub fn head(text: []const u8, count: usize) []const u8 {
    var characters = iterate(text);
    for (0..count) |_| _ = characters.nextCodepointSlice() orelse break;
    return text[0..characters.i];
}

/// The text in lower case, each word between single spaces, so that "hi" is not found in "this".
pub fn words(arena: Allocator, text: []const u8) ![]const u8 {
    var out: std.ArrayList(u8) = .empty;
    try out.append(arena, ' ');
    var characters = iterate(text);
    while (characters.nextCodepoint()) |character| {
        if (!isSpace(character) and !isPunctuation(character)) {
            var bytes: [4]u8 = undefined;
            const lower: u21 = @intCast(towlower(character));
            const length = std.unicode.utf8Encode(lower, &bytes) catch unreachable;
            try out.appendSlice(arena, bytes[0..length]);
        } else if (out.items[out.items.len - 1] != ' ') {
            try out.append(arena, ' ');
        }
    }
    if (out.items[out.items.len - 1] != ' ') try out.append(arena, ' ');
    return out.items;
}

fn isPunctuation(character: u21) bool {
    return switch (character) {
        '!'...'/', ':'...'@', '['...'`', '{'...'~' => true,
        else => false,
    };
}

/// The host gives nothing but valid UTF-8.
fn iterate(text: []const u8) std.unicode.Utf8Iterator {
    return std.unicode.Utf8View.initUnchecked(text).iterator();
}

fn decode(bytes: []const u8) u21 {
    return std.unicode.utf8Decode(bytes) catch unreachable;
}

const testing = std.testing;

test "white space of every kind is trimmed" {
    try testing.expectEqualStrings("tea ritual", trim(" \t\u{3000} tea ritual\u{A0}\n"));
    try testing.expectEqualStrings("", trim(" \u{2003}"));
    try testing.expectEqualStrings("Zoë", firstWord("Zoë\u{A0}B"));
}

test "characters are not bytes" {
    try testing.expectEqualStrings("🍵é🦆", head("🍵é🦆x", 3));
    try testing.expectEqualStrings("ab", head("ab", 3));
}

test "words stand between single spaces" {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    try testing.expectEqualStrings(" hello jo ", try words(arena.allocator(), "  Hello,\u{A0}JO!"));
    try testing.expectEqualStrings(" ", try words(arena.allocator(), "!?"));
}
