//! `bothost build` runs this: it makes bindings of wit/, has the core module built with them here, and makes it a component.

const std = @import("std");

pub fn build(b: *std.Build) void {
    const folder = b.option([]const u8, "bindings", "The folder with the bindings: target/bothost/bindings") orelse
        "target/bothost/bindings";
    const bindings = b.graph.cwdRelativePath(folder);
    const target = b.resolveTargetQuery(.{ .cpu_arch = .wasm32, .os_tag = .wasi });
    const optimize = b.standardOptimizeOption(.{ .preferred_optimize_mode = .safe });

    const module = b.createModule(.{
        .root_source_file = b.path("src/bot.zig"),
        .target = target,
        .optimize = optimize,
        .link_libc = true,
        // It would ask WASI for a random number, and there is none.
        .stack_protector = false,
        // Function names stay, so that the host can show where the bot trapped.
        .strip = false,
    });
    const header = b.addTranslateC(.{ .root_source_file = bindings.path(b, "bot.h"), .target = target, .optimize = optimize });
    module.addImport("bindings", header.createModule());
    module.addCSourceFile(.{ .file = bindings.path(b, "bot.c"), .flags = &.{"-Dfree=bot_free"} }); // See src/heap.zig.
    module.addObjectFile(bindings.path(b, "bot_component_type.o"));

    const core = b.addExecutable(.{ .name = "core", .root_module = module });
    // A reactor has no main: it is there to be called.
    core.wasi_exec_model = .reactor;
    core.entry = .disabled;
    core.rdynamic = true;
    core.stack_size = 128 * 1024;
    b.step("core", "Build the core module").dependOn(&b.addInstallFile(core.getEmittedBin(), "core.wasm").step);
}
