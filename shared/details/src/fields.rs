//! What a type's schema says about its fields.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// How deep schemas and references in them are followed; deeper details are refused before they come here.
pub(crate) const DEEPEST: usize = oauth::DEEPEST_DETAIL;

/// The fields of a type, read from its schema.
///
/// A field is what a person is told of as one thing: a text, a number, a list, an object whose members have no names
/// in the schema. An object with named properties is a group: its properties are the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// The fields, without `type`.
    pub(crate) fields: Vec<Field>,
    /// The groups, by JSON pointer.
    pub(crate) groups: BTreeSet<String>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Where it is in a detail, as a JSON pointer (RFC 6901).
    pub(crate) pointer: String,
    /// What the sentence calls it, without the `$`: the pointer's names joined with `_`. `/amount/value` is
    /// `$amount_value`.
    pub(crate) variable: String,
    /// Whether each valid detail has it.
    pub(crate) required: bool,
}

impl Fields {
    /// Reads the fields of a schema.
    pub(crate) fn of(schema: &Value) -> Self {
        let mut fields = Self::default();
        fields.read(&Node::root(schema), "", "", true, 0);
        fields
    }

    pub(crate) fn contains(&self, pointer: &str) -> bool {
        self.groups.contains(pointer) || self.fields.iter().any(|field| field.pointer == pointer)
    }

    fn read(&mut self, group: &Node<'_>, at: &str, variable: &str, required: bool, depth: usize) {
        let demanded = group.required();
        for (name, node) in group.properties() {
            if at.is_empty() && name == "type" {
                continue;
            }
            let pointer = format!("{at}/{}", escaped(name));
            let variable = if variable.is_empty() { name.to_owned() } else { format!("{variable}_{name}") };
            let required = required && demanded.contains(name);
            if node.is_group() && depth < DEEPEST {
                self.read(&node, &pointer, &variable, required, depth + 1);
                self.groups.insert(pointer);
            } else {
                self.fields.push(Field { pointer, variable, required });
            }
        }
    }
}

/// A name as a part of a JSON pointer (RFC 6901, section 3).
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The subschemas that speak of one place in a detail.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    root: &'a Value,
    /// Those that hold for every detail: the schema itself, `$ref`, `allOf`.
    binding: Vec<&'a Map<String, Value>>,
    /// Those that hold for some: `anyOf`, `oneOf`, `if`, `then`, `else`, `dependentSchemas`.
    conditional: Vec<&'a Map<String, Value>>,
}

impl<'a> Node<'a> {
    /// The node of the whole detail.
    pub(crate) fn root(schema: &'a Value) -> Self {
        let mut node = Self { root: schema, binding: Vec::new(), conditional: Vec::new() };
        node.add(schema, true, 0);
        node
    }

    fn of(root: &'a Value, schemas: &[&'a Value]) -> Self {
        let mut node = Self { root, binding: Vec::new(), conditional: Vec::new() };
        for schema in schemas {
            node.add(schema, true, 0);
        }
        node
    }

    fn add(&mut self, schema: &'a Value, is_binding: bool, depth: usize) {
        let Value::Object(members) = schema else { return };
        if depth > DEEPEST {
            return;
        }
        if is_binding {
            self.binding.push(members);
        } else {
            self.conditional.push(members);
        }
        let list = |keyword: &str| members.get(keyword).and_then(Value::as_array).into_iter().flatten();
        if let Some(target) = members.get("$ref").and_then(|reference| self.resolve(reference)) {
            self.add(target, is_binding, depth + 1);
        }
        list("allOf").for_each(|schema| self.add(schema, is_binding, depth + 1));
        list("anyOf").chain(list("oneOf")).for_each(|schema| self.add(schema, false, depth + 1));
        for keyword in ["if", "then", "else"] {
            members.get(keyword).into_iter().for_each(|schema| self.add(schema, false, depth + 1));
        }
        let dependent = members.get("dependentSchemas").and_then(Value::as_object);
        dependent.into_iter().flat_map(Map::values).for_each(|schema| self.add(schema, false, depth + 1));
    }

    fn resolve(&self, reference: &Value) -> Option<&'a Value> {
        self.root.pointer(reference.as_str()?.strip_prefix('#')?)
    }

    /// The properties that the schema names, each with all that is said of it.
    pub(crate) fn properties(&self) -> BTreeMap<&'a str, Node<'a>> {
        let mut named: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for schema in self.binding.iter().chain(&self.conditional) {
            for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten()
            {
                named.entry(name).or_default().push(property);
            }
        }
        named.into_iter().map(|(name, schemas)| (name, Self::of(self.root, &schemas))).collect()
    }

    /// What holds for the elements of a list, or for the members of an object that are not named.
    pub(crate) fn inner(&self, keyword: &str) -> Option<Node<'a>> {
        let schemas: Vec<&Value> = self.said(keyword).filter(|schema| schema.is_object()).collect();
        (!schemas.is_empty()).then(|| Self::of(self.root, &schemas))
    }

    /// Whether the schema names properties.
    pub(crate) fn is_group(&self) -> bool {
        let names = |schema: &&Map<String, Value>| {
            schema.get("properties").and_then(Value::as_object).is_some_and(|named| !named.is_empty())
        };
        self.binding.iter().any(names) || self.conditional.iter().any(names)
    }

    /// Whether a member that is not named is refused.
    pub(crate) fn is_closed(&self) -> bool {
        ["additionalProperties", "unevaluatedProperties"]
            .into_iter()
            .any(|keyword| self.said(keyword).any(|said| said == &Value::Bool(false)))
    }

    /// Whether members are allowed by a pattern of their names.
    pub(crate) fn has_patterns(&self) -> bool {
        self.binding.iter().chain(&self.conditional).any(|schema| schema.contains_key("patternProperties"))
    }

    /// What every detail must follow under a keyword.
    pub(crate) fn said(&self, keyword: &str) -> impl Iterator<Item = &'a Value> {
        self.binding.iter().filter_map(move |schema| schema.get(keyword))
    }

    /// The smallest number that is said under a keyword.
    pub(crate) fn limit(&self, keyword: &str) -> Option<u64> {
        self.said(keyword).filter_map(Value::as_u64).min()
    }

    pub(crate) fn required(&self) -> BTreeSet<&'a str> {
        self.said("required").filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect()
    }

    /// The JSON types that the schema allows here; `None` when it allows any.
    pub(crate) fn types(&self) -> Option<BTreeSet<&'a str>> {
        let named = |value: &'a Value| match value {
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<BTreeSet<_>>(),
        };
        let by_value = |value: &Value| match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let by_type = self.said("type").map(named);
        let by_const = self.said("const").map(|value| BTreeSet::from([by_value(value)]));
        let by_enum =
            self.said("enum").filter_map(Value::as_array).map(|values| values.iter().map(by_value).collect());
        by_type
            .chain(by_const)
            .chain(by_enum)
            .reduce(|one, other| one.intersection(&other).copied().collect())
    }

    /// Whether only the given JSON types are allowed here.
    pub(crate) fn is_only(&self, types: &[&str]) -> bool {
        self.types().is_some_and(|own| own.iter().all(|one| types.contains(one)))
    }

    /// Whether a JSON type is allowed here.
    pub(crate) fn may_be(&self, name: &str) -> bool {
        self.types().is_none_or(|own| own.contains(name))
    }

    /// The node at a JSON pointer of property names.
    pub(crate) fn at(&self, pointer: &str) -> Option<Node<'a>> {
        pointer.split('/').skip(1).try_fold(self.clone(), |node, name| {
            let name = name.replace("~1", "/").replace("~0", "~");
            node.properties().remove(name.as_str())
        })
    }
}
