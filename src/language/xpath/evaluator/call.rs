//! Calls functions of the core library.

use super::{Context, Evaluator};
use crate::language::xml::tree::{Kind, index};
use crate::language::xpath::XPathError;
use crate::language::xpath::expression::Expression;
use crate::language::xpath::function::Function;
use crate::language::xpath::node::{NodeRef, Target};
use crate::language::xpath::value::{Value, count, is_space, number, round};
use std::borrow::Cow;
use std::collections::HashMap;

impl<'a> Evaluator<'a> {
    /// Calls a function. The parser has checked the number of arguments and which ones are nodes.
    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &'a [Expression],
        context: Context,
    ) -> Result<Value<'a>, XPathError> {
        Ok(match function {
            Function::Boolean => Value::Boolean(self.boolean(arguments, context)?),
            Function::Not => Value::Boolean(!self.boolean(arguments, context)?),
            Function::True => Value::Boolean(true),
            Function::False => Value::Boolean(false),
            Function::Lang => {
                let language = self.argument(arguments, 0, context)?;
                Value::Boolean(self.is_in_language(context.node, &language)?)
            }
            Function::Last => Value::Number(count(context.size)),
            Function::Position => Value::Number(count(context.position)),
            Function::Count => Value::Number(count(self.first_nodes(arguments, context)?.len())),
            // Without a document type definition, no attribute is an ID.
            Function::Id => Value::Nodes(Vec::new()),
            Function::LocalName | Function::Name | Function::NamespaceUri => {
                let node = match arguments {
                    [] => Some(context.node),
                    _ => self.first_nodes(arguments, context)?.first().copied(),
                };
                Value::Text(Cow::Borrowed(node.map_or("", |node| self.name(function, node))))
            }
            Function::Number => match arguments.first() {
                Some(argument) => Value::Number(self.number(argument, context)?),
                None => Value::Number(number(&self.node_text(context.node)?)),
            },
            Function::Ceiling => Value::Number(self.number_argument(arguments, 0, context)?.ceil()),
            Function::Floor => Value::Number(self.number_argument(arguments, 0, context)?.floor()),
            Function::Round => Value::Number(round(self.number_argument(arguments, 0, context)?)),
            Function::Sum => {
                let mut sum = 0.0;
                for node in self.first_nodes(arguments, context)? {
                    sum += number(&self.node_text(node)?);
                }
                Value::Number(sum)
            }
            _ => self.call_with_texts(function, arguments, context)?,
        })
    }

    fn call_with_texts(
        &mut self,
        function: Function,
        arguments: &'a [Expression],
        context: Context,
    ) -> Result<Value<'a>, XPathError> {
        let first = match arguments {
            [] => self.node_text(context.node)?,
            _ => self.argument(arguments, 0, context)?,
        };
        Ok(match function {
            Function::Concat => {
                let mut text = first.into_owned();
                for argument in arguments.iter().skip(1) {
                    text.push_str(&self.text(argument, context)?);
                }
                Value::Text(Cow::Owned(text))
            }
            Function::Contains => Value::Boolean(first.contains(&*self.argument(arguments, 1, context)?)),
            Function::StartsWith => Value::Boolean(first.starts_with(&*self.argument(arguments, 1, context)?)),
            Function::SubstringBefore | Function::SubstringAfter => {
                let separator = self.argument(arguments, 1, context)?;
                let (before, after) = first.split_once(&*separator).unwrap_or_default();
                let part = if function == Function::SubstringBefore { before } else { after };
                Value::Text(Cow::Owned(part.to_owned()))
            }
            Function::Substring => {
                let start = self.number_argument(arguments, 1, context)?;
                let length = match arguments.get(2) {
                    Some(length) => self.number(length, context)?,
                    None => f64::INFINITY,
                };
                Value::Text(Cow::Owned(substring(&first, start, length)))
            }
            Function::StringLength => Value::Number(count(first.chars().count())),
            Function::NormalizeSpace => {
                let words: Vec<_> = first.split(is_space).filter(|word| !word.is_empty()).collect();
                Value::Text(Cow::Owned(words.join(" ")))
            }
            Function::Translate => {
                let from = self.argument(arguments, 1, context)?;
                let to = self.argument(arguments, 2, context)?;
                Value::Text(Cow::Owned(translate(&first, &from, &to)))
            }
            _ => Value::Text(first),
        })
    }

    fn boolean(&mut self, arguments: &'a [Expression], context: Context) -> Result<bool, XPathError> {
        match arguments.first() {
            Some(argument) => Ok(self.evaluate(argument, context)?.boolean()),
            None => Ok(false),
        }
    }

    fn argument(
        &mut self,
        arguments: &'a [Expression],
        at: usize,
        context: Context,
    ) -> Result<Cow<'a, str>, XPathError> {
        match arguments.get(at) {
            Some(argument) => self.text(argument, context),
            None => Ok(Cow::Borrowed("")),
        }
    }

    fn number_argument(&mut self, arguments: &'a [Expression], at: usize, context: Context) -> Result<f64, XPathError> {
        match arguments.get(at) {
            Some(argument) => self.number(argument, context),
            None => Ok(f64::NAN),
        }
    }

    fn first_nodes(&mut self, arguments: &'a [Expression], context: Context) -> Result<Vec<NodeRef>, XPathError> {
        match arguments.first() {
            Some(argument) => self.nodes(argument, context),
            None => Ok(Vec::new()),
        }
    }

    /// A node's name, the part of it after the prefix, or its namespace.
    fn name(&self, function: Function, node: NodeRef) -> &'a str {
        let tree = self.tree;
        match node.target(tree) {
            Some(Target::Namespace(namespace)) if function != Function::NamespaceUri => namespace.prefix,
            Some(Target::Node(node, Kind::Instruction)) if function != Function::NamespaceUri => {
                tree.instruction(node).0
            }
            _ => node.name(tree).map_or("", |name| match function {
                Function::LocalName => tree.local(name),
                Function::Name => tree.slice(name.start, name.end),
                _ => tree.namespaces.get(index(name.namespace)).map_or("", |namespace| tree.value(namespace.uri)),
            }),
        }
    }

    /// Whether the nearest `xml:lang` around a node is a language or a part of it (`en-GB` of `en`).
    fn is_in_language(&mut self, node: NodeRef, wanted: &str) -> Result<bool, XPathError> {
        let mut next = Some(node.owner);
        while let Some(node) = next {
            let attributes = self.tree.attributes(node);
            self.budget.visit(attributes.len().saturating_add(1))?;
            // The first namespace is that of the prefix xml.
            let language = attributes.iter().find(|attribute| {
                self.tree.same_namespace(attribute.name.namespace) == 0 && self.tree.local(attribute.name) == "lang"
            });
            if let Some(language) = language {
                let found = self.tree.value(language.value);
                let (start, after) = found.split_at_checked(wanted.len()).unwrap_or(("", found));
                return Ok(start.eq_ignore_ascii_case(wanted) && (after.is_empty() || after.starts_with('-')));
            }
            next = self.tree.node(node).map(|node| node.parent).filter(|parent| self.tree.node(*parent).is_some());
        }
        Ok(false)
    }
}

/// The characters from a position, counted from 1. Both numbers are rounded.
fn substring(text: &str, start: f64, length: f64) -> String {
    let start = round(start);
    let end = start + round(length);
    let positions = (1..).map(count);
    // A comparison with what is not a number is false.
    text.chars().zip(positions).filter(|(_, at)| *at >= start && *at < end).map(|(character, _)| character).collect()
}

/// Replaces characters by those at the same position in another text, and removes those without one.
fn translate(text: &str, from: &str, to: &str) -> String {
    let mut replacements: HashMap<char, Option<char>> = HashMap::new();
    let mut to = to.chars();
    for character in from.chars() {
        let replacement = to.next();
        replacements.entry(character).or_insert(replacement);
    }
    text.chars().filter_map(|character| replacements.get(&character).copied().unwrap_or(Some(character))).collect()
}
