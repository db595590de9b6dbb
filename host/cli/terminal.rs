//! Lines that a person types: with the keys of a shell and a history on a terminal, plainly when they come from a file or a pipe.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor, ExternalPrinter as _};

use super::{Error, output};

/// How many lines the history keeps.
const HISTORY_MAX: usize = 1000;

/// Whoever types.
pub(super) struct Terminal {
    editor: Editor<(), FileHistory>,
    history: Option<PathBuf>,
}

/// Prints whole lines: above the line that is being typed where somebody may be typing, and else on standard output.
pub(super) type Printer = Box<dyn FnMut(String) + Send>;

impl Terminal {
    /// Takes the terminal, with the lines that were typed at earlier times.
    pub(super) fn open() -> Result<Self, Error> {
        let config = Config::builder().max_history_size(HISTORY_MAX)?.auto_add_history(true).build();
        let mut editor = Editor::with_history(config.clone(), FileHistory::with_config(&config))?;
        let history = is_terminal().then(history_file).flatten();
        if let Some(history) = &history {
            // The first time there is none; one that cannot be read is as good as none.
            let _ = editor.load_history(history);
        }
        Ok(Self { editor, history })
    }

    /// The next line; none at the end, or after Ctrl-C.
    pub(super) fn read(&mut self, prompt: &str) -> Result<Option<String>, Error> {
        match self.editor.readline(prompt) {
            Ok(line) => Ok(Some(line)),
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Prints while a line is being typed.
    pub(super) fn printer(&mut self) -> Printer {
        match self.editor.create_external_printer() {
            // The terminal may be gone; whoever prints goes on.
            Ok(mut printer) => Box::new(move |text| drop(printer.print(text + "\n"))),
            Err(_) => Box::new(output::line),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(history) = &self.history {
            // Typed lines are nobody's data; without them the next time begins without a history.
            let _ = history.parent().map(std::fs::create_dir_all);
            let _ = self.editor.append_history(history);
        }
    }
}

/// Whether a person sees what is printed: then there are colours.
pub(super) fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")));
    Some(state?.join("bothost/history"))
}
