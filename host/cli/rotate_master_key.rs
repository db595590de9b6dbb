//! `bothost rotate-master-key`: another master key for a data directory that no host serves.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Error, output};
use crate::app::{SystemClock, store_settings};
use crate::domain::clock::Clock as _;
use crate::settings::{Overrides, Settings};
use crate::store::sqlite::Sqlite;

/// Change the key that secrets are sealed with, while no host runs.
#[derive(Debug, Args)]
pub struct RotateMasterKey {
    /// The directory for everything that the host keeps.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When a host serves the directory, there is no store in it, or its master key does not open it.
pub fn run(rotate: &RotateMasterKey) -> Result<ExitCode, Error> {
    let overrides = Overrides { data: Some(rotate.data.clone()), ..Overrides::default() };
    let settings = store_settings(&Settings::load(&overrides, [])?);
    let sealed = Sqlite::rotate_master_key(&settings, SystemClock.now_ms())?;
    output::line(format_args!(
        "{} holds a new master key; {sealed} data key{} sealed with it, and no secret was touched. The old master key opens \
         nothing here any more: keep a backup of the new one, and the old one only for older backups of the database",
        settings.master_key_file.display(),
        if sealed == 1 { " is" } else { "s are" },
    ));
    Ok(ExitCode::SUCCESS)
}
