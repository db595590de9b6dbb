//! What is known of a compiled module, and how it is written: beside its machine code in the cache, and between the process
//! that compiles and this one.

use std::io::{self, Read};

/// Plain facts about a component.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Facts {
    /// How long it took to compile, in milliseconds.
    pub(super) compile_ms: u64,
    /// Core modules.
    pub(super) core_modules: u64,
    /// Linear memories.
    pub(super) memories: u64,
    /// Functions over all core modules.
    pub(super) functions: u64,
    /// Names of what it imports, as it writes them.
    pub(super) imports: Vec<String>,
    /// Names of what it exports.
    pub(super) exports: Vec<String>,
}

/// The longest list or name that is read: far above what the gate lets through.
const COUNT_MAX: u64 = 1 << 16;

impl Facts {
    /// Writes them.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for number in [self.compile_ms, self.core_modules, self.memories, self.functions] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for names in [&self.imports, &self.exports] {
            out.extend_from_slice(&(names.len() as u64).to_le_bytes());
            for name in names {
                write_bytes(out, name.as_bytes());
            }
        }
    }

    /// Reads what [`Self::write`] wrote.
    pub(super) fn read(input: &mut impl Read) -> io::Result<Self> {
        Ok(Self {
            compile_ms: read_number(input)?,
            core_modules: read_number(input)?,
            memories: read_number(input)?,
            functions: read_number(input)?,
            imports: read_names(input)?,
            exports: read_names(input)?,
        })
    }
}

/// Writes bytes behind their number.
pub(super) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Reads a number.
pub(super) fn read_number(input: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads bytes behind their number, at most `max` of them. Memory is taken only as they come.
pub(super) fn read_bytes(input: &mut impl Read, max: u64) -> io::Result<Vec<u8>> {
    let length = read_number(input)?;
    if length > max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{length} bytes where {max} are the most")));
    }
    let mut bytes = Vec::new();
    if input.take(length).read_to_end(&mut bytes)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

fn read_names(input: &mut impl Read) -> io::Result<Vec<String>> {
    let count = read_number(input)?;
    if count > COUNT_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too many names"));
    }
    let name = |_| {
        let bytes = read_bytes(input, COUNT_MAX)?;
        String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    };
    (0..count).map(name).collect()
}
