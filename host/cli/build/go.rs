//! The recipe for Go: the bindings, and the support that they stand on, are modules beside the project's own in a workspace.

use std::path::Path;

use super::component::{componentize, write};
use super::{Project, Shop};
use crate::cli::Error;

/// What Go itself is asked for; the module of a bot may ask for less.
const GO: &str = "1.25";

pub(super) fn build(project: &Project, shop: &Shop, out: &Path) -> Result<(), Error> {
    let (bin, wit_bindgen) = (shop.go()?, shop.wit_bindgen()?);
    let support = wit_bindgen.with_file_name("go-support");
    let module = module(project)?;
    let bindings = shop.made("bindings");
    shop.step(&wit_bindgen)
        .arg("go")
        .arg(&shop.wit)
        .args(["--world", "bot", "--format=false", "--pkg-name", &format!("{module}/bindings")])
        .args(["--export-pkg-name", &module, "--out-dir"])
        .arg(&bindings)
        .run()?;
    tell_tags_apart(&bindings)?;
    tell_last_words(&bindings, &module)?;
    write(&bindings.join("go.mod"), &format!("module {module}/bindings\n\ngo {GO}\n"))?;
    let members = [&project.dir, &bindings, &support].map(|dir| format!("\t{}\n", dir.display()));
    let workspace = shop.made("go.work");
    write(&workspace, &format!("go {}\n\nuse (\n{})\n", version(project)?, members.concat()))?;
    let core = shop.made("core.wasm");
    shop.step(bin.join("go"))
        .args(["build", "-buildmode=c-shared", "-trimpath", "-ldflags=-w -checklinkname=0", "-o"])
        .arg(&core)
        .arg(".")
        .within(&project.dir)
        .env("GOWORK", &workspace)
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .env("GOPROXY", "off")
        .env("GOSUMDB", "off")
        .env("GOTOOLCHAIN", "local")
        .env("GOPATH", shop.tools.join("go"))
        .env("GOCACHE", shop.tools.join("go-cache"))
        .run()?;
    let embedded = shop.made("embedded.wasm");
    shop.step(bin.join("wasm-tools"))
        .args(["component", "embed"])
        .arg(&shop.wit)
        .args(["--world", "bot"])
        .arg(&core)
        .arg("-o")
        .arg(&embedded)
        .run()?;
    componentize(shop, &bin, &embedded, out)
}

/// The generator gives the accessor of the action `tag` the name that the accessor of an action's kind has: one of them gets
/// another.
fn tell_tags_apart(bindings: &Path) -> Result<(), Error> {
    for (file, from, to) in [
        ("bothost_bot_actions/wit_bindings.go", ") Tag() []string {", ") TagTags() []string {"),
        ("wit_exports/wit_exports.go", "payload := element.Tag()\n", "payload := element.TagTags()\n"),
    ] {
        let path = bindings.join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        write(&path, &text.replace(from, to))?;
    }
    Ok(())
}

/// A panic's message and stack go to the log, line by line, before the trap ends the turn.
const LAST_WORDS: &str = include_str!("last_words.go");

/// Lets whatever the host calls tell of a panic.
fn tell_last_words(bindings: &Path, module: &str) -> Result<(), Error> {
    let exports = bindings.join("wit_exports");
    write(&exports.join("last_words.go"), &LAST_WORDS.replace("{{module}}", module))?;
    let path = exports.join("wit_exports.go");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    write(&path, &text.replace(") uintptr {\n", ") uintptr {\n\tdefer lastWords()\n"))
}

fn module(project: &Project) -> Result<String, Error> {
    directive(project, "module ")
}

fn version(project: &Project) -> Result<String, Error> {
    directive(project, "go ")
}

/// What a line of `go.mod` says behind its first word.
fn directive(project: &Project, word: &str) -> Result<String, Error> {
    let path = project.file("go.mod");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let found = text.lines().find_map(|line| line.strip_prefix(word)).map(|rest| rest.trim().to_owned());
    Ok(found.ok_or_else(|| format!("{}: it has no line that begins with {word:?}", path.display()))?)
}
