//! A report as text for people: the same that its JSON says.

use std::fmt;

use super::{Report, Standing};
use crate::guest::text::grouped;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "verdict  {}", if self.accepted() { "taken" } else { "refused" })?;
        for problem in &self.problems {
            writeln!(f, "problem  {problem}")?;
        }
        if let Some(warning) = self.warning() {
            writeln!(f, "warning  {warning}")?;
        }
        writeln!(f, "module   sha256 {}, {} bytes", self.digest, self.bytes)?;
        if self.compile_ms.is_some() {
            let none = "nothing of bothost:bot";
            writeln!(f, "contract {}", self.contract.as_deref().unwrap_or(none))?;
        }
        self.made_of(f)?;
        for export in &self.exports {
            writeln!(f, "export   {:<44} {}", export.name, if export.called { "called" } else { "left alone" })?;
        }
        for import in &self.imports {
            writeln!(f, "import   {:<44} {}", import.name, import.standing)?;
        }
        self.cost_card(f)?;
        let limits = &self.limits;
        write!(
            f,
            "limits   {} ms, {} instructions, {} bytes of memory, {} bytes returned, {} bytes logged",
            limits.deadline_ms,
            limits.instructions,
            limits.memory_bytes_max,
            limits.hostcall_bytes_max,
            limits.log_bytes_max
        )
    }
}

impl Report {
    /// What is no reason to refuse the module and still worth a look.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let cause = self.cost.as_ref()?.sample.as_ref().err()?;
        Some(format!("the turn on a sample message failed, which may be for want of the bot's configuration: {cause}"))
    }

    fn made_of(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(compile_ms) = self.compile_ms else { return Ok(()) };
        let (core, memories, functions) = (self.core_modules, self.memories, self.functions);
        writeln!(f, "made of  {core} core modules, {memories} memories, {functions} functions")?;
        let earlier = if self.from_cache { ", earlier" } else { "" };
        match self.code_bytes {
            Some(bytes) => {
                writeln!(f, "compiled to {} bytes of machine code in {compile_ms} ms{earlier}", grouped(bytes))
            }
            None => writeln!(f, "compiled in {compile_ms} ms{earlier}"),
        }
    }

    fn cost_card(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(instructions) = self.start_instructions {
            let budget = grouped(self.limits.instructions);
            write!(f, "start    {} of the {budget} instructions of a turn", grouped(instructions))?;
            if let Some(cost) = &self.cost {
                let floor = grouped(cost.memory_floor_bytes);
                write!(f, ", {} us, {floor} bytes of memory", grouped(cost.instantiation_us))?;
            }
            writeln!(f)?;
        }
        let Some(cost) = &self.cost else { return Ok(()) };
        let (instructions, memory) = (grouped(cost.sample_instructions), grouped(cost.sample_memory_bytes));
        write!(f, "sample   {instructions} instructions, {} us, {memory} bytes of memory: ", grouped(cost.sample_us))?;
        match &cost.sample {
            Ok(1) => writeln!(f, "1 action"),
            Ok(actions) => writeln!(f, "{actions} actions"),
            Err(_) => writeln!(f, "failed"),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provided => "provided",
            Self::Stubbed => "stubbed: nothing is behind it",
            Self::Refused => "refused",
        })
    }
}
