//! The projects that `bothost new` begins with: the same small bot in each language.

use crate::cli::build::Language;

/// The files of a language's project: the path of each, and its text, in which `{{name}}` stands for the project's name.
///
/// A manifest is stored with `.template` behind its name, so that no tool takes it for one of this project's.
pub(super) fn files(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::Rust => &[
            ("Cargo.toml", include_str!("templates/rust/Cargo.toml.template")),
            ("src/lib.rs", include_str!("templates/rust/src/lib.rs")),
            (".gitignore", include_str!("templates/rust/.gitignore")),
            ("README.md", include_str!("templates/rust/README.md")),
            ("hello.scenario", include_str!("templates/rust/hello.scenario")),
        ],
        Language::TypeScript => &[
            ("package.json", include_str!("templates/typescript/package.json.template")),
            ("tsconfig.json", include_str!("templates/typescript/tsconfig.json.template")),
            ("src/bot.ts", include_str!("templates/typescript/src/bot.ts")),
            (".gitignore", include_str!("templates/typescript/.gitignore")),
            ("README.md", include_str!("templates/typescript/README.md")),
            ("hello.scenario", include_str!("templates/typescript/hello.scenario")),
        ],
        Language::JavaScript => &[
            ("package.json", include_str!("templates/javascript/package.json.template")),
            ("src/bot.js", include_str!("templates/javascript/src/bot.js")),
            (".gitignore", include_str!("templates/javascript/.gitignore")),
            ("README.md", include_str!("templates/javascript/README.md")),
            ("hello.scenario", include_str!("templates/javascript/hello.scenario")),
        ],
        Language::Python => &[
            ("pyproject.toml", include_str!("templates/python/pyproject.toml.template")),
            ("src/app.py", include_str!("templates/python/src/app.py")),
            (".gitignore", include_str!("templates/python/.gitignore")),
            ("README.md", include_str!("templates/python/README.md")),
            ("hello.scenario", include_str!("templates/python/hello.scenario")),
        ],
        Language::Go => &[
            ("go.mod", include_str!("templates/go/go.mod.template")),
            (
                "export_bothost_bot_message/message.go",
                include_str!("templates/go/export_bothost_bot_message/message.go"),
            ),
            ("export_bothost_bot_update/update.go", include_str!("templates/go/export_bothost_bot_update/update.go")),
            ("main.go", include_str!("templates/go/main.go")),
            (".gitignore", include_str!("templates/go/.gitignore")),
            ("README.md", include_str!("templates/go/README.md")),
            ("hello.scenario", include_str!("templates/go/hello.scenario")),
        ],
        Language::Zig => &[
            ("build.zig", include_str!("templates/zig/build.zig")),
            ("src/bot.zig", include_str!("templates/zig/src/bot.zig")),
            ("src/heap.zig", include_str!("../../../guest-examples/concierge-zig/src/heap.zig")),
            (".gitignore", include_str!("templates/zig/.gitignore")),
            ("README.md", include_str!("templates/zig/README.md")),
            ("hello.scenario", include_str!("templates/zig/hello.scenario")),
        ],
        Language::Cpp => &[
            ("src/bot.cpp", include_str!("templates/cpp/src/bot.cpp")),
            (".gitignore", include_str!("templates/cpp/.gitignore")),
            ("README.md", include_str!("templates/cpp/README.md")),
            ("hello.scenario", include_str!("templates/cpp/hello.scenario")),
        ],
        Language::C => &[
            ("src/bot.c", include_str!("templates/c/src/bot.c")),
            (".gitignore", include_str!("templates/c/.gitignore")),
            ("README.md", include_str!("templates/c/README.md")),
            ("hello.scenario", include_str!("templates/c/hello.scenario")),
        ],
    }
}
