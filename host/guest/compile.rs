//! Compiling in a process of its own: reading and compiling hostile bytes can take all memory, crash or never end, and then
//! it is that process that dies.
//!
//! The host never parses or compiles a module itself. It starts its own program again with the argument
//! [`super::CHILD_ARGUMENT`], hands over limits and bytes on standard input, and reads a frame from standard output.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::background::in_background;
use super::facts::Facts;
use super::limits::Limits;
use super::lock::lock;
use super::{CHILD_ARGUMENT, Error, child, gate, text};

/// Compiles modules, one at a time.
#[derive(Debug)]
pub(super) struct Compiler {
    program: PathBuf,
    limits: Limits,
    queue: Mutex<()>,
    running: Mutex<Running>,
}

/// A component as machine code, and what was seen on the way.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) facts: Facts,
    pub(super) code: Vec<u8>,
}

/// Why there is no machine code.
#[derive(Debug)]
pub(super) enum Failed {
    /// The module is at fault.
    Refused(String),
    /// The host is.
    Host(Error),
}

#[derive(Debug, Default)]
struct Running {
    child: Option<Child>,
    stopped: bool,
}

impl Compiler {
    /// A compiler that starts `program`, which must be this host's own.
    pub(super) fn new(program: PathBuf, limits: Limits) -> Self {
        Self { program, limits, queue: Mutex::new(()), running: Mutex::default() }
    }

    /// Gates and compiles a module. Waits for its turn: compiling takes a processor and gigabytes.
    pub(super) fn compile(&self, wasm: &[u8]) -> Result<Compiled, Failed> {
        if wasm.len() > self.limits.module_bytes_max {
            return Err(Failed::Refused(gate::too_large(wasm.len(), &self.limits)));
        }
        let _one_at_a_time = lock(&self.queue);
        // On a thread of its own, so that all of it is less important than the host's other work: the child is born so. And
        // the thread lasts as long as the child, which dies with the thread that started it.
        in_background(self.limits.compile_niceness, || self.in_child(wasm))
            .unwrap_or_else(|_| Err(self.host("the thread that waits for it panicked")))
    }

    fn in_child(&self, wasm: &[u8]) -> Result<Compiled, Failed> {
        let (mut input, mut output, mut errors) = self.start()?;
        // However this ends, no process is left behind.
        let guard = KillOnDrop(self);
        let deadline = Instant::now() + self.limits.compile_wall();
        let request = child::request(&self.limits, wasm);
        let output_max = self.limits.artefact_bytes_max as u64 + FACTS_BYTES_MAX;
        let (answer, words, status) = thread::scope(|scope| {
            // A child that refuses early stops reading: the broken pipe says nothing that its answer does not.
            scope.spawn(move || drop(input.write_all(&request).and_then(|()| input.write_all(wasm))));
            let (answers, answer) = sync_channel(1);
            scope.spawn(move || answers.send(read_to_cap(&mut output, output_max)));
            let (words_of, words) = sync_channel(1);
            scope.spawn(move || words_of.send(read_to_cap(&mut errors, ERROR_BYTES_MAX)));
            let answer = until(deadline, &answer);
            let words = until(deadline, &words);
            (answer, words, guard.wait(deadline))
        });
        match (answer, status) {
            (Some(bytes), Some(status)) => {
                self.read(&bytes, status, &String::from_utf8_lossy(&words.unwrap_or_default()))
            }
            _ => Err(self.timed_out()),
        }
    }

    /// Kills the compilation that is under way, and starts no other.
    pub(super) fn stop(&self) {
        let mut running = lock(&self.running);
        running.stopped = true;
        if let Some(child) = &mut running.child {
            // It may have ended by itself; its end is waited for where it was started.
            let _ = child.kill();
        }
    }

    fn start(&self) -> Result<Pipes, Failed> {
        let mut running = lock(&self.running);
        if running.stopped {
            return Err(self.host("the host is stopping"));
        }
        let mut command = Command::new(&self.program);
        command.arg(CHILD_ARGUMENT).env_clear().current_dir("/");
        command.env("RAYON_NUM_THREADS", self.limits.compile_threads.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.host(&error.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        running.child = Some(child);
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(self.host("its pipes are missing"));
        };
        Ok((input, output, errors))
    }

    fn read(&self, bytes: &[u8], status: ExitStatus, words: &str) -> Result<Compiled, Failed> {
        if !status.success() {
            return Err(self.death(status, words));
        }
        child::read_answer(&mut &*bytes, self.limits.artefact_bytes_max as u64)
            .unwrap_or_else(|error| Err(self.host(&format!("its answer cannot be read: {error}"))))
    }

    fn timed_out(&self) -> Failed {
        if lock(&self.running).stopped {
            return self.host("the host is stopping");
        }
        let limit = self.limits.compile_wall_ms;
        Failed::Refused(format!("compiling took longer than the {limit} ms that it may take"))
    }

    fn host(&self, reason: &str) -> Failed {
        Failed::Host(Error::Compiler { program: self.program.clone(), reason: reason.to_owned() })
    }

    /// Turns the way a child died into plain words. It dies of what it was given.
    fn death(&self, status: ExitStatus, words: &str) -> Failed {
        const SIGABRT: i32 = 6;
        const SIGKILL: i32 = 9;
        const SIGXCPU: i32 = 24;
        let limits = &self.limits;
        let words = text::cap(words.trim());
        if lock(&self.running).stopped {
            return self.host("the host is stopping");
        }
        Failed::Refused(match status.signal() {
            Some(SIGXCPU) => {
                format!("compiling took more than the {} s of CPU time that it may take", limits.compile_cpu_s)
            }
            Some(SIGKILL) => "the system stopped compiling it: too much CPU time or memory".to_owned(),
            Some(SIGABRT) if words.contains("memory allocation") => {
                format!(
                    "compiling needed more than the {} bytes of memory that it may take",
                    limits.compile_memory_bytes
                )
            }
            Some(signal) => format!("the compiler crashed on it (signal {signal}): {words}"),
            None => {
                return self.host(&format!("{status}: {words}"));
            }
        })
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        self.stop();
    }
}

type Pipes = (std::process::ChildStdin, std::process::ChildStdout, std::process::ChildStderr);

/// The most that facts take in an answer.
const FACTS_BYTES_MAX: u64 = 16 << 20;
/// The most that is read of what a dying child says.
const ERROR_BYTES_MAX: u64 = 4096;

struct KillOnDrop<'a>(&'a Compiler);

impl KillOnDrop<'_> {
    /// Waits for the child's end, which follows the end of its output at once; kills it when its time is up.
    fn wait(self, deadline: Instant) -> Option<ExitStatus> {
        loop {
            // Asked for now and then instead of waited for: the lock must be free for whoever wants to kill it.
            match lock(&self.0.running).child.as_mut()?.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < deadline => {}
                Ok(None) | Err(_) => return None,
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for KillOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = lock(&self.0.running).child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What comes through the channel before the deadline.
fn until(deadline: Instant, receiver: &Receiver<Vec<u8>>) -> Option<Vec<u8>> {
    receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
}

fn read_to_cap(input: &mut impl Read, cap: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What came before an error is judged like what came before the end.
    let _ = input.take(cap).read_to_end(&mut bytes);
    let _ = io::copy(input, &mut io::sink());
    bytes
}
