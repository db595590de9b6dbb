//! Two bots in every language, the one that `bothost new` makes and the concierge: what they cost to build, to run and to keep,
//! beside the Rust echo guest and the Rust concierge. The whole table is of one run. With `LANGUAGES=write` it goes into the README;
//! with names of languages only these are measured, as in `LANGUAGES=c,zig`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bothost::cli::build::toolchains;
use bothost::guest::{Limits, Module, Sandbox, Workshop};

use crate::figure;
use crate::support::guests;
use crate::turn::{context, event};

/// How long turns are counted, for each number of threads.
const COUNTED: Duration = Duration::from_millis(1500);
/// How long fresh turns are timed, how long each module's rounds are, and how many turns before each round do not count.
const TIMED: Duration = Duration::from_secs(8);
const ROUND: Duration = Duration::from_millis(40);
const WARMING: usize = 3;
/// Turns over which page faults are counted.
const FAULTS_OF: u64 = 100;
/// Modules that are kept idle at the same time, of which the first shows what is shared.
const IDLE: u8 = 4;
/// What an idle module may take besides its file.
const IDLE_BYTES: u64 = 64 << 10;

const BEGINS: &str = "<!-- the table below is written by `LANGUAGES=write cargo bench -- languages` -->";
const ENDS: &str = "<!-- end of the languages -->";

/// The most that a fresh turn may take, times the Rust echo guest's.
fn bound(language: &str) -> f64 {
    match language {
        "rust" => 1.0,
        "c" | "cpp" | "zig" => 2.0,
        "javascript" | "typescript" => 12.0,
        "go" => 20.0,
        _ => 90.0,
    }
}

/// What was measured of a language: a fresh turn of what `bothost new` makes, and all else of the concierge.
struct Measured {
    /// The Rust echo guest's turn, at the same time.
    floor: Duration,
    beginning: Duration,
    component: u64,
    build: Duration,
    compile_ms: u64,
    instructions: u64,
    turn: Duration,
    /// Pages that a turn touched for the first time: the system's work, during which other threads may wait.
    faults: f64,
    /// Turns in a second on one thread and on two.
    one: f64,
    two: f64,
    /// How much of the time of two threads is the kernel's.
    kernel: f64,
    artefact: u64,
    /// Resident bytes of an idle module, and those of them that are no file's.
    idle: u64,
    private: u64,
}

pub fn measure() {
    let echo = bench().prepare(&fs::read(guests::echo()).unwrap()).unwrap().module;
    let mut rust = None;
    let mut table = String::from(
        "| language | built with | first bot, x Rust echo | concierge | x Rust | build | fresh turn | instructions | page faults | \
         turns/s | on 2 threads | kernel | idle |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let asked = std::env::var("LANGUAGES").unwrap_or_default();
    let whole = asked.is_empty() || asked == "write";
    for (language, tools) in
        toolchains().into_iter().filter(|(name, _)| whole || asked.split(',').any(|one| one == *name))
    {
        let Some(measured) = language_of(language, &echo) else {
            println!("{language}: left out, its tools are not here");
            continue;
        };
        let floor = measured.floor;
        figure("a turn of the Rust echo guest, meanwhile", &micros(floor), None);
        let times = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
        let (beginning, concierge) = (times(measured.beginning, floor), times(measured.turn, floor));
        // Both were measured beside the echo guest, whose time tells how fast the machine was.
        rust = rust.or((language == "rust").then_some(concierge));
        let beside_rust = rust.map(|rust| concierge / rust);
        let (most, growth) = (bound(language), measured.two / measured.one);
        let within = format!("<= {most}");
        figure(&format!("{language}: fresh turn of a first bot"), &micros(measured.beginning), None);
        figure("  times the Rust echo guest", &format!("{beginning:.2}"), Some((beginning <= most, &within)));
        figure("  fresh turn of the concierge", &micros(measured.turn), None);
        figure("  times the Rust echo guest", &format!("{concierge:.2}"), Some((concierge <= most, &within)));
        if let Some(times) = beside_rust {
            figure("  times the Rust concierge", &format!("{times:.2}"), Some((times <= most, &within)));
        }
        figure("  page faults a turn", &format!("{:.1}", measured.faults), None);
        figure("  of the time of 2 threads in the kernel", &format!("{:.0} %", measured.kernel * 100.0), None);
        figure("  turns per second, 1 thread", &format!("{:.0}", measured.one), None);
        figure("  2 threads", &format!("{:.0} ({growth:.2}x)", measured.two), None);
        let idle_max = measured.artefact + IDLE_BYTES;
        let idle_bound = format!("<= its file, {} KiB, and 64", measured.artefact >> 10);
        let idle_text = format!("{} KiB", measured.idle >> 10);
        figure("  resident, idle", &idle_text, Some((measured.idle <= idle_max, &idle_bound)));
        figure("  of that private", &format!("{} KiB", measured.private >> 10), None);
        figure("  compiled in", &format!("{} ms", measured.compile_ms), None);
        let _ = writeln!(
            table,
            "| {language} | {tools} | {beginning:.1} | {} | {} | {:.1} s | {} | {} | {:.1} | {:.0} | x {growth:.2} | {:.0} % | {} of {} |",
            bytes(measured.component),
            beside_rust.map_or_else(String::new, |times| format!("{times:.1}")),
            measured.build.as_secs_f64(),
            micros(measured.turn),
            measured.instructions,
            measured.faults,
            measured.one,
            measured.kernel * 100.0,
            bytes(measured.idle),
            bytes(measured.artefact),
        );
    }
    println!("\n{table}");
    if asked == "write" {
        let path = root().join("README.md");
        let readme = fs::read_to_string(&path).unwrap();
        let (before, rest) = readme.split_once(BEGINS).unwrap();
        let (_, after) = rest.split_once(ENDS).unwrap();
        fs::write(&path, format!("{before}{BEGINS}\n\n{table}\n{ENDS}{after}")).unwrap();
    }
}

fn language_of(language: &str, echo: &Module) -> Option<Measured> {
    let project = copy(language);
    let wasm_path = root().join("target/bench-languages").join(format!("{language}.wasm"));
    // The first time fetches tools and compiles what a bot stands on; the second is what a change of the bot costs.
    build(&project, &wasm_path)?;
    touch(&project);
    let started = Instant::now();
    build(&project, &wasm_path)?;
    let build = started.elapsed();
    let wasm = fs::read(&wasm_path).unwrap();

    let (module, compile_ms) = {
        let prepared = bench().prepare(&wasm).unwrap();
        (prepared.module, prepared.report.compile_ms)
    };
    let first = bench().prepare(&beginning(language)).unwrap().module;
    let [floor, beginning, turn] = medians([echo, &first, &module]);
    let instructions = module.run(&context(), &event()).instructions;
    let faults = faults(&module);
    let one = rate(&module, 1);
    let before = processor();
    let two = rate(&module, 2);
    let after = processor();
    let (user, kernel) = (after.0 - before.0, after.1 - before.1);
    let kernel = kernel as f64 / (user + kernel).max(1) as f64;
    drop(module);
    let (idle, private, artefact) = idle(&wasm);
    let component = wasm.len() as u64;
    let compile_ms = compile_ms.unwrap_or_default();
    Some(Measured {
        floor,
        beginning,
        component,
        build,
        compile_ms,
        instructions,
        turn,
        faults,
        one,
        two,
        kernel,
        artefact,
        idle,
        private,
    })
}

/// A workshop whose data outlive it: it is one for the process's whole life.
fn bench() -> Workshop {
    open(&tempfile::tempdir().unwrap().keep())
}

fn open(data: &Path) -> Workshop {
    let limits = Limits { compile_wall_ms: 600_000, compile_cpu_s: 600, ..Limits::default() };
    Workshop::open(Sandbox::new(limits).unwrap(), data, env!("CARGO_BIN_EXE_bothost").into()).unwrap()
}

/// The medians of fresh turns. The modules take turns in short rounds, so that a machine that changes its speed does so for all.
fn medians<const N: usize>(modules: [&Module; N]) -> [Duration; N] {
    let (context, event) = (context(), event());
    let mut times = [const { Vec::new() }; N];
    let begun = Instant::now();
    while begun.elapsed() < TIMED {
        for (module, times) in modules.iter().zip(&mut times) {
            // What the one before left in the processor's caches is not this one's.
            for _ in 0..WARMING {
                assert!(module.run(&context, &event).result.is_ok());
            }
            let round = Instant::now();
            while round.elapsed() < ROUND {
                let started = Instant::now();
                let run = module.run(&context, &event);
                times.push(started.elapsed());
                assert!(run.result.is_ok(), "{:?}", run.result);
            }
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    })
}

/// Pages that a turn faults in.
fn faults(module: &Module) -> f64 {
    let (context, event) = (context(), event());
    let before = minor_faults();
    for _ in 0..FAULTS_OF {
        assert!(module.run(&context, &event).result.is_ok());
    }
    (minor_faults() - before) as f64 / FAULTS_OF as f64
}

/// Page faults of this process that needed no disk.
fn minor_faults() -> u64 {
    stat(10)
}

/// What this process used of the processors, in ticks: for itself, and in the kernel.
fn processor() -> (u64, u64) {
    (stat(14), stat(15))
}

/// A field of `/proc/self/stat`, counted from 1 as its page does.
fn stat(field: usize) -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The second is the program's name, which may hold spaces.
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(field - 3).unwrap().parse().unwrap()
}

/// The component of what `bothost new` makes.
fn beginning(language: &str) -> Vec<u8> {
    let within = root().join("target/bench-languages/new");
    fs::create_dir_all(&within).unwrap();
    let (project, wasm) = (within.join(language), within.join(format!("{language}.wasm")));
    let _ = fs::remove_dir_all(&project);
    let made = Command::new(env!("CARGO_BIN_EXE_bothost"))
        .args(["new", "--lang", language, language, "--within"])
        .arg(&within)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    build(&project, &wasm).unwrap();
    fs::read(wasm).unwrap()
}

/// Turns in a second on so many threads.
fn rate(module: &Arc<Module>, threads: usize) -> f64 {
    let (over, turns) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let (context, event) = (context(), event());
                while !over.load(Ordering::Relaxed) {
                    assert!(module.run(&context, &event).result.is_ok());
                    turns.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(COUNTED);
        over.store(true, Ordering::Relaxed);
    });
    turns.into_inner() as f64 / COUNTED.as_secs_f64()
}

/// What a module that was loaded and runs no turn holds, all of it and privately, and the bytes of its machine code's file.
fn idle(wasm: &[u8]) -> (u64, u64, u64) {
    let data = tempfile::tempdir().unwrap();
    let first = open(data.path());
    let prepare = |number| first.prepare(&numbered(wasm, number)).unwrap().report.digest;
    let digests: Vec<_> = (0..IDLE).map(prepare).collect();
    drop(first);
    let again = open(data.path());
    let mut held = vec![again.load(&digests[0]).unwrap().module];
    let before = resident();
    held.extend(digests[1..].iter().map(|digest| again.load(digest).unwrap().module));
    let after = resident();
    let each = |after: u64, before: u64| after.saturating_sub(before) / u64::from(IDLE - 1);
    let files = fs::read_dir(data.path().join("artefacts")).unwrap().map(|entry| entry.unwrap().path());
    let mut files = files.filter(|path| path.extension().is_some_and(|is| is == "artefact"));
    let artefact = files.next().unwrap();
    (each(after.0, before.0), each(after.1, before.1), fs::metadata(artefact).unwrap().len())
}

/// The same component with another digest: a custom section more.
fn numbered(wasm: &[u8], number: u8) -> Vec<u8> {
    let mut wasm = wasm.to_vec();
    wasm.extend_from_slice(&[0, 3, 1, b'n', number]);
    wasm
}

/// Resident bytes of this process, and those of them that are no file's.
fn resident() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let kib = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (kib("VmRSS:") << 10, (kib("RssAnon:") + kib("RssShmem:")) << 10)
}

/// A copy of the example, so that a change of it leaves the tree alone.
fn copy(language: &str) -> PathBuf {
    let to = root().join("target/bench-languages/guest-examples").join(format!("concierge-{language}"));
    let _ = fs::remove_dir_all(&to);
    copy_folder(&root().join(format!("guest-examples/concierge-{language}")), &to);
    copy_folder(&root().join("wit"), &root().join("target/bench-languages/wit"));
    to
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        match path.is_dir() {
            true if ["target", "node_modules", "__pycache__", ".zig-cache"].iter().any(|made| name == *made) => {}
            true => copy_folder(&path, &to.join(name)),
            false => drop(fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

/// Sources that a change is made in; each example has one of them.
const MAIN: [&str; 8] = [
    "src/lib.rs",
    "src/bot.ts",
    "src/bot.js",
    "src/app.py",
    "main.go",
    "src/border.zig",
    "src/border.cpp",
    "src/concierge.c",
];

/// Changes a source of the bot.
fn touch(project: &Path) {
    let path = MAIN.iter().map(|file| project.join(file)).find(|path| path.exists()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + "\n").unwrap();
}

fn build(project: &Path, wasm: &Path) -> Option<()> {
    let built = Command::new(env!("CARGO_BIN_EXE_bothost"))
        .arg("build")
        .arg(project)
        .arg("--out")
        .arg(wasm)
        .env("BOT_TOOLCHAINS", root().join("target/toolchains/kept"))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&built.stderr);
    if words.contains("is missing, and this language needs it") {
        return None;
    }
    assert!(built.status.success(), "{words}");
    Some(())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn micros(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() * 1e6)
}

fn bytes(count: u64) -> String {
    if count < 1 << 20 {
        format!("{} KiB", count >> 10)
    } else {
        format!("{:.1} MiB", count as f64 / f64::from(1 << 20))
    }
}
