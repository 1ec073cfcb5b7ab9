use std::collections::BTreeMap;
use std::fmt::Write;

use oauth::configuration::DetailType;

use crate::Action;
use crate::shape::{COMMON, Member, Shape};

/// What every configuration has in common. What follows is made from its detail types.
const FIXED: &str = include_str!("fixed.cedarschema");

/// The Cedar schema for policies of a configuration with these types: what policies can speak of.
pub fn schema(types: &[DetailType]) -> String {
    let mut text = FIXED.to_owned();
    text.push_str("\n// One authorization detail (RFC 9396, section 2).\ntype Detail = {\n");
    for name in COMMON {
        let (mark, shape) = match name {
            "type" => ("", "String"),
            "identifier" => ("?", "String"),
            _ => ("?", "Set<String>"),
        };
        let _ = writeln!(text, "  {name:?}{mark}: {shape},");
    }
    for registered in types {
        if let Some(Shape::Record(members)) = Shape::of_type(registered)
            && !members.is_empty()
        {
            let _ = writeln!(text, "  // The own fields of a detail of this type.");
            let _ = writeln!(text, "  {}?: {},", quoted(&registered.name), record(&members, 1));
        }
    }
    let actions: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    let _ = write!(
        text,
        "}};\n\naction {} appliesTo {{\n  principal: Client,\n  resource: Tool,\n  context: Circumstances,\n}};\n",
        actions.join(", ")
    );
    text
}

fn record(members: &BTreeMap<String, Member>, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let mut text = "{\n".to_owned();
    for (name, member) in members {
        let mark = if member.required { "" } else { "?" };
        let _ = writeln!(text, "{indent}  {}{mark}: {},", quoted(name), written(&member.shape, depth + 1));
    }
    let _ = write!(text, "{indent}}}");
    text
}

fn written(shape: &Shape, depth: usize) -> String {
    match shape {
        Shape::Text => "String".to_owned(),
        Shape::Whole => "Long".to_owned(),
        Shape::Truth => "Bool".to_owned(),
        Shape::Decimal => "decimal".to_owned(),
        Shape::Set(items) => format!("Set<{}>", written(items, depth)),
        Shape::Record(members) => record(members, depth),
    }
}

/// A name as Cedar's string literal. JSON's escapes are not all Cedar's, so anything unusual is written by its number.
fn quoted(name: &str) -> String {
    let escaped: String = name
        .chars()
        .map(|character| match character {
            '"' | '\\' => format!("\\{character}"),
            ' '..='~' => character.to_string(),
            _ => format!("\\u{{{:x}}}", u32::from(character)),
        })
        .collect();
    format!("\"{escaped}\"")
}
