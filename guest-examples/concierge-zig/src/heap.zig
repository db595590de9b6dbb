//! The bot's heap, for Zig and for the bindings: room that is there from the start, since to grow the memory costs more than
//! all else that a small bot does in a turn.
//!
//! A bot lives for one event, and its whole memory goes with it. So nothing needs to be freed, and what the host gets may lie
//! anywhere: a literal will do.

const std = @import("std");

/// A turn that needs more grows the memory after all.
var room: [256 * 1024]u8 = undefined;
var heap: std.heap.BufferFirstAllocator = .init(&room, std.heap.wasm_allocator);

pub const allocator = heap.allocator();

/// The host takes room for what it hands over.
export fn cabi_realloc(old: ?[*]u8, old_len: usize, alignment: usize, len: usize) [*]u8 {
    if (len == 0) return @ptrFromInt(alignment);
    const new = allocator.rawAlloc(len, .fromByteUnits(alignment), @returnAddress()) orelse @panic("out of memory");
    if (old) |from| @memcpy(new[0..@min(old_len, len)], from[0..@min(old_len, len)]);
    return new;
}

/// What the bindings call instead of `free` (see build.zig).
export fn bot_free(_: ?*anyopaque) void {}
