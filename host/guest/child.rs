//! The process that compiles: it takes its own limits first, then looks at the module, compiles it and answers.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use super::compile::{Compiled, Failed};
use super::engine;
use super::facts::{Facts, read_bytes, read_number, write_bytes};
use super::functions::Functions;
use super::limits::{CHILD_WORDS, Limits};
use super::{gate, text};

/// What a request begins with.
const REQUEST: &[u8; 8] = b"bothost1";
/// What an answer with machine code begins with.
const COMPILED: u8 = 1;
/// What a refusal begins with.
const REFUSED: u8 = 2;
/// The longest path.
const PATH_BYTES_MAX: u64 = 4096;
/// The longest refusal.
const REFUSAL_BYTES_MAX: u64 = 64 << 10;

/// The whole of the process that compiles. Reads a request from standard input and writes an answer to standard output.
#[must_use]
pub fn child_main() -> ExitCode {
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The host reads it as the reason of this process's end.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Everything of a request but the module itself, which follows it.
pub(super) fn request(limits: &Limits, wasm: &[u8]) -> Vec<u8> {
    let mut out = REQUEST.to_vec();
    for word in limits.child_words() {
        out.extend_from_slice(&word.to_le_bytes());
    }
    let functions = limits.functions.as_deref().unwrap_or(Path::new(""));
    write_bytes(&mut out, functions.as_os_str().as_bytes());
    out.extend_from_slice(&(wasm.len() as u64).to_le_bytes());
    out
}

/// Reads an answer.
pub(super) fn read_answer(input: &mut impl Read, code_bytes_max: u64) -> io::Result<Result<Compiled, Failed>> {
    let mut kind = [0];
    input.read_exact(&mut kind)?;
    match kind {
        [COMPILED] => {
            let facts = Facts::read(input)?;
            let length = read_number(input)?;
            if length > code_bytes_max {
                let words = format!("it becomes {length} bytes of machine code, at most {code_bytes_max} are taken");
                return Ok(Err(Failed::Refused(words)));
            }
            let mut code = Vec::new();
            if input.take(length).read_to_end(&mut code)? as u64 != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(Ok(Compiled { facts, code }))
        }
        [REFUSED] => {
            let words = read_bytes(input, REFUSAL_BYTES_MAX)?;
            Ok(Err(Failed::Refused(text::cap(&String::from_utf8_lossy(&words)))))
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "an unknown answer")),
    }
}

fn serve(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    let mut magic = [0; 8];
    input.read_exact(&mut magic)?;
    if &magic != REQUEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "this command is the host's own: it compiles for it"));
    }
    let mut words = [0; CHILD_WORDS];
    for word in &mut words {
        *word = read_number(input)?;
    }
    let functions = PathBuf::from(OsString::from_vec(read_bytes(input, PATH_BYTES_MAX)?));
    let functions = Some(functions).filter(|path| !path.as_os_str().is_empty());
    let limits = Limits { functions, ..Limits::with_child_words(words) };
    confine(&limits)?;
    let wasm = read_bytes(input, limits.module_bytes_max as u64)?;
    let mut answer = Vec::new();
    match compile(&wasm, &limits) {
        Ok(compiled) => {
            answer.push(COMPILED);
            compiled.facts.write(&mut answer);
            answer.extend_from_slice(&(compiled.code.len() as u64).to_le_bytes());
            output.write_all(&answer)?;
            output.write_all(&compiled.code)?;
        }
        Err(words) => {
            answer.push(REFUSED);
            write_bytes(&mut answer, words.as_bytes());
            output.write_all(&answer)?;
        }
    }
    output.flush()
}

/// Takes the limits that no bytes can talk this process out of.
fn confine(limits: &Limits) -> io::Result<()> {
    let both = |limit: u64| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::Core, both(0))?;
    setrlimit(Resource::As, both(limits.compile_memory_bytes))?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The soft limit ends the process with a signal that says why; the hard one is sure.
    let (soft, hard) = (limits.compile_cpu_s, limits.compile_cpu_s.saturating_add(1));
    setrlimit(Resource::Cpu, Rlimit { current: Some(soft), maximum: Some(hard) })?;
    Ok(())
}

fn compile(wasm: &[u8], limits: &Limits) -> Result<Compiled, String> {
    let mut facts = gate::check(wasm, limits)?;
    let started = Instant::now();
    let functions = limits.functions.as_deref().map(Functions::open).map(Arc::new);
    let engine = engine::to_compile(limits, functions.as_ref()).map_err(|error| error.to_string())?;
    let code = engine.precompile_component(wasm);
    let code = code.map_err(|error| format!("the compiler refuses it: {}", text::cap(&format!("{error:#}"))))?;
    // What could not be kept is made again.
    let _ = functions.map(|functions| functions.keep());
    facts.compile_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Compiled { facts, code })
}
