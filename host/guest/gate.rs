//! The gate before the compiler: whether bytes are a component at all, valid, and of a size that compiling is sure to end.
//!
//! It reads hostile bytes, so it runs in the process that compiles, not in the host.

use wasmparser::{
    ComponentExternName, ComponentExternalKind, ComponentTypeRef, Encoding, FunctionBody, Operator, Parser, Payload,
    ValidPayload, Validator, WasmFeatures,
};

use super::facts::Facts;
use super::limits::{Caps, Limits};
use super::text;

/// What a core module may use: WebAssembly 2.0 with constant expressions and SIMD, and the component model without async.
/// Everything else (threads, garbage collection, exceptions, 64-bit memories, several memories, tail calls, relaxed SIMD)
/// is refused: it is less tested, or not deterministic, or dodges a limit.
const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Looks at a module before it is compiled.
///
/// # Errors
/// Says in plain words what is wrong.
pub(super) fn check(wasm: &[u8], limits: &Limits) -> Result<Facts, String> {
    if wasm.len() > limits.module_bytes_max {
        return Err(too_large(wasm.len(), limits));
    }
    recognise(wasm)?;
    let mut gate = Gate { caps: limits.gate, facts: Facts::default(), counts: Counts::default(), depth: 0 };
    let mut validator = Validator::new_with_features(FEATURES);
    let mut allocations = wasmparser::FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| invalid(&error))?;
        // Counted first: the caps also keep the validator's work in proportion.
        gate.payload(&payload)?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload).map_err(|error| invalid(&error))? {
            gate.function(&body)?;
            let mut function = function.into_validator(allocations);
            function.validate(&body).map_err(|error| invalid(&error))?;
            allocations = function.into_allocations();
        }
    }
    Ok(gate.facts)
}

/// What is said of a module that is too large; the host says it too, before it starts a process.
pub(super) fn too_large(bytes: usize, limits: &Limits) -> String {
    format!("the module has {bytes} bytes, at most {} are taken", limits.module_bytes_max)
}

/// Says what bytes are when they are no component.
fn recognise(wasm: &[u8]) -> Result<(), String> {
    const CORE: &[u8] = b"\0asm\x01\0\0\0";
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    let is = if wasm.starts_with(COMPONENT) {
        return Ok(());
    } else if wasm.is_empty() {
        "the file is empty"
    } else if wasm.starts_with(CORE) {
        "this is a core module, not a component: run `wasm-tools component new`, or build for wasm32-wasip2"
    } else if wasm.starts_with(b"\0asm") {
        "this is WebAssembly of a version that is neither a core module nor a component"
    } else if wasm.starts_with(b"\x7fELF") {
        "this is an ELF file: a native program, or machine code that wasmtime compiled (.cwasm), which is never taken \
         from outside; upload the component itself"
    } else if wasm.starts_with(b"MZ") || wasm.starts_with(b"\xcf\xfa\xed\xfe") {
        "this is a native program, not a WebAssembly component"
    } else if wasm.starts_with(b"PK\x03\x04") || wasm.starts_with(b"\x1f\x8b") {
        "this is a compressed archive: upload the component in it"
    } else if is_wasm_text(wasm) {
        "this is WebAssembly text, not binary: run `wasm-tools parse`"
    } else if b"\0asm".starts_with(wasm) || COMPONENT.starts_with(wasm) || CORE.starts_with(wasm) {
        "the file ends within its first bytes: was it still being written?"
    } else {
        "this is not WebAssembly: a component begins with the bytes 00 61 73 6d 0d 00 01 00"
    };
    Err(is.to_owned())
}

fn is_wasm_text(wasm: &[u8]) -> bool {
    let start = wasm.trim_ascii_start();
    start.starts_with(b"(component")
        || start.starts_with(b"(module")
        || start.starts_with(b";;")
        || start.starts_with(b"(;")
}

fn invalid(error: &wasmparser::BinaryReaderError) -> String {
    let (message, offset) = (text::cap(error.message()), error.offset());
    if error.message().contains("unexpected end") || error.message().contains("unexpected EOF") {
        return format!("the file ends too early: {message} (at byte {offset})");
    }
    format!("the module is not valid here: {message} (at byte {offset})")
}

/// Counts what a component is made of.
struct Gate {
    caps: Caps,
    facts: Facts,
    counts: Counts,
    depth: u32,
}

#[derive(Default)]
struct Counts {
    components: u64,
    tables: u64,
    globals: u64,
    types: u64,
    custom_bytes: u64,
    imports: u64,
    exports: u64,
}

impl Gate {
    fn payload(&mut self, payload: &Payload<'_>) -> Result<(), String> {
        let caps = self.caps;
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => self.depth += 1,
            Payload::Version { encoding: Encoding::Module, .. } => {
                self.depth += 1;
                add("core modules", &mut self.facts.core_modules, 1, caps.core_modules)?;
            }
            Payload::End(_) => self.depth = self.depth.saturating_sub(1),
            Payload::ComponentSection { .. } => add("components", &mut self.counts.components, 1, caps.components)?,
            Payload::MemorySection(memories) => {
                add("memories", &mut self.facts.memories, memories.count().into(), caps.memories)?;
            }
            Payload::TableSection(tables) => {
                add("tables", &mut self.counts.tables, tables.count().into(), caps.tables)?
            }
            Payload::FunctionSection(functions) => {
                add("functions", &mut self.facts.functions, functions.count().into(), caps.functions)?;
            }
            Payload::GlobalSection(globals) => {
                add("globals", &mut self.counts.globals, globals.count().into(), caps.globals)?;
            }
            Payload::CustomSection(section) => {
                let bytes = section.data().len() as u64;
                add("bytes of custom sections", &mut self.counts.custom_bytes, bytes, caps.custom_bytes)?;
            }
            Payload::TypeSection(types) => self.types(types)?,
            Payload::ComponentImportSection(imports) => {
                add("imports", &mut self.counts.imports, imports.count().into(), caps.imports)?;
                let outermost = self.depth == 1;
                for import in imports.clone() {
                    let import = import.map_err(|error| invalid(&error))?;
                    let listed = outermost && !matches!(import.ty, ComponentTypeRef::Type(_));
                    self.name(listed, import.name, |facts| &mut facts.imports)?;
                }
            }
            Payload::ComponentExportSection(exports) => {
                add("exports", &mut self.counts.exports, exports.count().into(), caps.exports)?;
                let outermost = self.depth == 1;
                for export in exports.clone() {
                    let export = export.map_err(|error| invalid(&error))?;
                    let listed = outermost && export.kind != ComponentExternalKind::Type;
                    self.name(listed, export.name, |facts| &mut facts.exports)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn types(&mut self, types: &wasmparser::TypeSectionReader<'_>) -> Result<(), String> {
        add("types", &mut self.counts.types, types.count().into(), self.caps.types)?;
        for group in types.clone().into_iter_err_on_gc_types() {
            let function = group.map_err(|error| invalid(&error))?;
            let (params, results) = (function.params().len() as u64, function.results().len() as u64);
            within("parameters of a function", params, self.caps.params)?;
            within("results of a function", results, self.caps.results)?;
        }
        Ok(())
    }

    fn name(
        &mut self,
        listed: bool,
        name: ComponentExternName<'_>,
        list: fn(&mut Facts) -> &mut Vec<String>,
    ) -> Result<(), String> {
        within("bytes of an import's or export's name", name.name.len() as u64, self.caps.name_bytes)?;
        if listed {
            list(&mut self.facts).push(name.name.to_owned());
        }
        Ok(())
    }

    /// The register allocator's time and memory grow with blocks times locals.
    fn function(&self, body: &FunctionBody<'_>) -> Result<(), String> {
        let mut locals = 0_u64;
        for local in body.get_locals_reader().map_err(|error| invalid(&error))? {
            let (count, _) = local.map_err(|error| invalid(&error))?;
            locals = locals.saturating_add(count.into());
        }
        let most = self.caps.blocks_times_locals / locals.max(1);
        let mut blocks = 0_u64;
        let mut operators = body.get_operators_reader().map_err(|error| invalid(&error))?;
        while !operators.eof() {
            let operator = operators.read().map_err(|error| invalid(&error))?;
            blocks += branches(&operator);
            if blocks > most {
                let at = body.range().start;
                let cap = self.caps.blocks_times_locals;
                return Err(format!(
                    "a function (at byte {at}) has {locals} locals and more than {most} blocks; the product may be at \
                     most {cap}, or compiling it would take too long"
                ));
            }
        }
        Ok(())
    }
}

/// How many blocks of the compiler's graph an operator begins.
fn branches(operator: &Operator<'_>) -> u64 {
    match operator {
        Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } | Operator::Else => 1,
        Operator::Br { .. } | Operator::BrIf { .. } | Operator::Return => 1,
        Operator::BrTable { targets } => u64::from(targets.len()) + 1,
        _ => 0,
    }
}

fn add(what: &str, count: &mut u64, more: u64, cap: u64) -> Result<(), String> {
    *count = count.saturating_add(more);
    within(what, *count, cap)
}

fn within(what: &str, count: u64, cap: u64) -> Result<(), String> {
    if count <= cap { Ok(()) } else { Err(format!("{count} {what}, at most {cap} are taken")) }
}
