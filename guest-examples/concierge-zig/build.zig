//! Builds the component: `zig build --release`, and runs the tests: `zig build test`.
//!
//! Three steps make a component: the bindings of `wit/`, a core module, and the component around it. Only the second is
//! Zig's own; `-Dbindings` takes bindings that are there already, and `zig build core` stops before the third.

const std = @import("std");

const wit_files = .{ "actions.wit", "log.wit", "message.wit", "types.wit", "update.wit", "world.wit" };

pub fn build(b: *std.Build) void {
    const version = b.option([]const u8, "version", "Which version the log names") orelse "1.0.0";
    const optimize = b.standardOptimizeOption(.{ .preferred_optimize_mode = .safe });

    const core = coreModule(b, optimize, bindings(b), version);
    const install_core = b.addInstallFile(core, "core.wasm");
    b.step("core", "Build the core module").dependOn(&install_core.step);
    b.getInstallStep().dependOn(&b.addInstallFile(component(b, core), "concierge.wasm").step);

    // The tests are a program of this machine, and need neither bindings nor tools.
    const tests = b.addTest(.{ .root_module = b.createModule(.{
        .root_source_file = b.path("src/concierge.zig"),
        .target = b.graph.host,
        .link_libc = true,
    }) });
    b.step("test", "Run the tests").dependOn(&b.addRunArtifact(tests).step);
}

/// The folder with `bot.h`, `bot.c` and `bot_component_type.o`.
fn bindings(b: *std.Build) std.Build.LazyPath {
    if (b.option([]const u8, "bindings", "A folder that `wit-bindgen c` wrote")) |folder| {
        return b.graph.cwdRelativePath(folder);
    }
    const run = b.addSystemCommand(&.{ "wit-bindgen", "c", "--world", "bot", "../../wit", "--out-dir" });
    run.setCwd(b.path("."));
    _ = run.captureStdErr(.{}); // It tells what it writes, which is no news.
    inline for (wit_files) |name| run.addFileInput(b.path("../../wit/" ++ name));
    return run.addOutputDirectoryArg("bindings");
}

fn coreModule(
    b: *std.Build,
    optimize: std.builtin.Optimize,
    folder: std.Build.LazyPath,
    version: []const u8,
) std.Build.LazyPath {
    const target = b.resolveTargetQuery(.{ .cpu_arch = .wasm32, .os_tag = .wasi });
    const header = folder.path(b, "bot.h");
    const options = b.addOptions();
    options.addOption([]const u8, "version", version);
    const module = b.createModule(.{
        .root_source_file = b.path("src/border.zig"),
        .target = target,
        .optimize = optimize,
        .link_libc = true,
        // It would ask WASI for a random number, and return addresses are out of reach in WebAssembly anyway.
        .stack_protector = false,
        // Function names stay, so that the host can show where a bot trapped; `component` drops the rest of this.
        .strip = false,
    });
    module.addImport(
        "bindings",
        b.addTranslateC(.{ .root_source_file = header, .target = target, .optimize = optimize }).createModule(),
    );
    module.addImport("options", options.createModule());
    module.addCSourceFile(.{ .file = folder.path(b, "bot.c"), .flags = &.{"-Dfree=bot_free"} }); // See src/heap.zig.
    module.addObjectFile(folder.path(b, "bot_component_type.o"));

    const core = b.addExecutable(.{ .name = "concierge", .root_module = module });
    // A reactor has no main: it is there to be called.
    core.wasi_exec_model = .reactor;
    core.entry = .disabled;
    core.rdynamic = true;
    core.stack_size = 128 * 1024;
    return core.getEmittedBin();
}

fn component(b: *std.Build, core: std.Build.LazyPath) std.Build.LazyPath {
    const new = b.addSystemCommand(&.{ "wasm-tools", "component", "new" });
    new.addFileArg(core);
    new.addArg("-o");
    const whole = new.addOutputFileArg("whole.wasm");
    const strip = b.addSystemCommand(&.{ "wasm-tools", "strip" });
    strip.addFileArg(whole);
    strip.addArg("-o");
    return strip.addOutputFileArg("concierge.wasm");
}
