//! `.wast` files → JSON that JavaScript reads: one array of commands a file, modules as hexadecimal bytes.
//!
//! Usage: spec-to-json FROM.wast TO.json …

use std::fmt::Write;
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    for pair in paths.chunks(2) {
        let text = std::fs::read_to_string(&pair[0]).expect("readable");
        match convert(&text) {
            Ok(json) => std::fs::write(&pair[1], json).expect("writable"),
            Err(error) => println!("{}: {}", pair[0], error.message()),
        }
    }
}

fn convert(text: &str) -> Result<String, wast::Error> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let wast = parser::parse::<Wast>(&buffer)?;
    let commands: Vec<String> = wast.directives.into_iter().filter_map(command).collect();
    Ok(format!("[\n{}\n]\n", commands.join(",\n")))
}

/// A command, or nothing where it is about text or threads.
fn command(directive: WastDirective) -> Option<String> {
    use WastDirective::*;
    Some(match directive {
        Module(mut wat) => {
            let id = name(wat.name());
            format!(r#"{{"do":"module","id":{id},"wasm":"{}"}}"#, bytes(&mut wat)?)
        }
        ModuleDefinition(mut wat) => {
            let id = name(wat.name());
            format!(r#"{{"do":"definition","id":{id},"wasm":"{}"}}"#, bytes(&mut wat)?)
        }
        ModuleInstance { instance, module, .. } => {
            let (instance, module) = (name(instance), name(module));
            format!(r#"{{"do":"instance","id":{instance},"module":{module}}}"#)
        }
        Register { name: field, module, .. } => {
            format!(r#"{{"do":"register","name":{},"id":{}}}"#, string(field), name(module))
        }
        Invoke(call) => format!(r#"{{"do":"invoke","exec":{}}}"#, invoke(call)),
        AssertReturn { exec, results, .. } => {
            let results: Vec<String> = results.into_iter().map(expected).collect();
            format!(
                r#"{{"do":"return","exec":{},"results":[{}]}}"#,
                execute(exec)?,
                results.join(",")
            )
        }
        AssertTrap { exec, .. } => format!(r#"{{"do":"trap","exec":{}}}"#, execute(exec)?),
        AssertException { exec, .. } => format!(r#"{{"do":"trap","exec":{}}}"#, execute(exec)?),
        AssertExhaustion { call, .. } => format!(r#"{{"do":"trap","exec":{}}}"#, invoke(call)),
        AssertUnlinkable { module, .. } => {
            format!(r#"{{"do":"unlinkable","wasm":"{}"}}"#, bytes(&mut QuoteWat::Wat(module))?)
        }
        AssertInvalid { mut module, .. } | AssertMalformed { mut module, .. } => {
            format!(r#"{{"do":"invalid","wasm":"{}"}}"#, bytes(&mut module)?)
        }
        _ => return None,
    })
}

fn execute(exec: WastExecute) -> Option<String> {
    Some(match exec {
        WastExecute::Invoke(call) => invoke(call),
        WastExecute::Get { module, global, .. } => {
            format!(r#"{{"get":{},"id":{}}}"#, string(global), name(module))
        }
        WastExecute::Wat(wat) => format!(r#"{{"wasm":"{}"}}"#, bytes(&mut QuoteWat::Wat(wat))?),
    })
}

fn invoke(call: WastInvoke) -> String {
    let args: Vec<String> = call.args.into_iter().map(argument).collect();
    format!(
        r#"{{"invoke":{},"id":{},"args":[{}]}}"#,
        string(call.name),
        name(call.module),
        args.join(",")
    )
}

fn argument(arg: WastArg) -> String {
    use WastArgCore::*;
    let WastArg::Core(core) = arg else { return unknown() };
    match core {
        I32(value) => pair("i32", value),
        I64(value) => pair("i64", value),
        F32(value) => pair("f32", value.bits),
        F64(value) => pair("f64", value.bits),
        V128(value) => pair("v128", hex(&value.to_le_bytes())),
        RefNull(_) => pair("null", ""),
        RefExtern(number) | RefHost(number) => pair("extern", number),
    }
}

fn expected(result: WastRet) -> String {
    let WastRet::Core(core) = result else { return unknown() };
    result_core(core)
}

fn result_core(core: WastRetCore) -> String {
    use WastRetCore::*;
    match core {
        I32(value) => pair("i32", value),
        I64(value) => pair("i64", value),
        F32(NanPattern::Value(value)) => pair("f32", value.bits),
        F32(_) => pair("f32", "nan"),
        F64(NanPattern::Value(value)) => pair("f64", value.bits),
        F64(_) => pair("f64", "nan"),
        V128(pattern) => pair("v128", vector(pattern).unwrap_or("nan".to_string())),
        RefNull(_) => pair("null", ""),
        RefExtern(Some(number)) | RefHost(number) => pair("extern", number),
        // Several results are right: the first one tells the type, and none is compared with it.
        Either(cases) => match cases.into_iter().next().map(result_core) {
            Some(first) if first.contains("v128") => pair("v128", "nan"),
            Some(first) if first.contains("f64") => pair("f64", "nan"),
            Some(first) if first.contains("f32") => pair("f32", "nan"),
            _ => unknown(),
        },
        _ => pair("ref", ""),
    }
}

/// The bytes of a vector, if all of them are told.
fn vector(pattern: V128Pattern) -> Option<String> {
    use V128Pattern::*;
    Some(match pattern {
        I8x16(lanes) => lanes.iter().map(|lane| hex(&lane.to_le_bytes())).collect(),
        I16x8(lanes) => lanes.iter().map(|lane| hex(&lane.to_le_bytes())).collect(),
        I32x4(lanes) => lanes.iter().map(|lane| hex(&lane.to_le_bytes())).collect(),
        I64x2(lanes) => lanes.iter().map(|lane| hex(&lane.to_le_bytes())).collect(),
        F32x4(lanes) => {
            let mut text = String::new();
            for lane in lanes {
                let NanPattern::Value(value) = lane else { return None };
                text += &hex(&value.bits.to_le_bytes());
            }
            text
        }
        F64x2(lanes) => {
            let mut text = String::new();
            for lane in lanes {
                let NanPattern::Value(value) = lane else { return None };
                text += &hex(&value.bits.to_le_bytes());
            }
            text
        }
    })
}

/// A module's bytes; nothing if its text cannot be encoded, which is then about the text format.
fn bytes(wat: &mut QuoteWat) -> Option<String> {
    wat.encode().ok().map(|bytes| hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn pair(kind: &str, value: impl std::fmt::Display) -> String {
    format!(r#"["{kind}","{value}"]"#)
}

fn unknown() -> String {
    pair("unknown", "")
}

fn name(id: Option<Id>) -> String {
    id.map_or("null".to_string(), |id| string(id.name()))
}

/// JSON of a name: everything but plain ASCII is escaped.
fn string(text: &str) -> String {
    let mut json = String::from("\"");
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ 0x20..=0x7e) if byte != b'"' && byte != b'\\' => json.push(byte as char),
            _ => {
                let _ = write!(json, "\\u{unit:04x}");
            }
        }
    }
    json + "\""
}
