//! ONNX files as bytes: a repair that old exports need, without a protobuf library.
//!
//! Exports for IR versions before 4 list every weight among the graph's inputs as well. The runtime
//! must then expect that a caller overrides a weight, folds nothing, and is about three times
//! slower.

use std::{collections::BTreeSet, ops::Range};

const LENGTH_DELIMITED: u64 = 2;
/// `ModelProto.graph`.
const MODEL_GRAPH: u64 = 7;
/// `GraphProto.initializer` and `GraphProto.input`.
const GRAPH_INITIALIZER: u64 = 5;
const GRAPH_INPUT: u64 = 11;
/// `TensorProto.name` and `ValueInfoProto.name`.
const TENSOR_NAME: u64 = 8;
const VALUE_INFO_NAME: u64 = 1;

/// The same model without inputs that are weights; `None` when it has none, or is no ONNX file.
pub fn without_weight_inputs(model: &[u8]) -> Option<Vec<u8>> {
    let fields = fields(model)?;
    let graph = fields.iter().find(|field| field.number == MODEL_GRAPH)?;
    let graph_bytes = model.get(graph.body.clone())?;
    let cleaned = clean_graph(graph_bytes)?;
    let mut out = Vec::with_capacity(model.len());
    for field in &fields {
        if field.number == MODEL_GRAPH {
            push_varint(&mut out, MODEL_GRAPH << 3 | LENGTH_DELIMITED);
            push_varint(&mut out, cleaned.len() as u64);
            out.extend_from_slice(&cleaned);
        } else {
            out.extend_from_slice(model.get(field.whole.clone())?);
        }
    }
    Some(out)
}

fn clean_graph(graph: &[u8]) -> Option<Vec<u8>> {
    let fields = fields(graph)?;
    let mut weights = BTreeSet::new();
    for field in &fields {
        if field.number == GRAPH_INITIALIZER {
            weights.insert(string(graph.get(field.body.clone())?, TENSOR_NAME)?);
        }
    }
    let (mut out, mut n_dropped) = (Vec::with_capacity(graph.len()), 0);
    for field in &fields {
        if field.number == GRAPH_INPUT {
            let name = string(graph.get(field.body.clone())?, VALUE_INFO_NAME)?;
            if weights.contains(name) {
                n_dropped += 1;
                continue;
            }
        }
        out.extend_from_slice(graph.get(field.whole.clone())?);
    }
    (0 < n_dropped).then_some(out)
}

struct Field {
    number: u64,
    /// With its tag.
    whole: Range<usize>,
    /// Without tag and length; empty for numbers.
    body: Range<usize>,
}

fn fields(message: &[u8]) -> Option<Vec<Field>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < message.len() {
        let start = at;
        let tag = varint(message, &mut at)?;
        let mut body = at..at;
        match tag & 7 {
            0 => drop(varint(message, &mut at)?),
            1 => at = at.checked_add(8)?,
            LENGTH_DELIMITED => {
                let length = usize::try_from(varint(message, &mut at)?).ok()?;
                body = at..at.checked_add(length)?;
                at = body.end;
            }
            5 => at = at.checked_add(4)?,
            _ => return None,
        }
        if message.len() < at {
            return None;
        }
        found.push(Field {
            number: tag >> 3,
            whole: start..at,
            body,
        });
    }
    Some(found)
}

fn string(message: &[u8], number: u64) -> Option<&[u8]> {
    let field = fields(message)?.into_iter().find(|f| f.number == number)?;
    message.get(field.body)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while 0x80 <= value {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u64, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        push_varint(&mut out, number << 3 | LENGTH_DELIMITED);
        push_varint(&mut out, body.len() as u64);
        out.extend_from_slice(body);
        out
    }

    fn model(with_weight_input: bool) -> Vec<u8> {
        let mut graph = message(1, b"a node");
        graph.extend(message(GRAPH_INITIALIZER, &message(TENSOR_NAME, b"w")));
        graph.extend(message(GRAPH_INPUT, &message(VALUE_INFO_NAME, b"picture")));
        if with_weight_input {
            graph.extend(message(GRAPH_INPUT, &message(VALUE_INFO_NAME, b"w")));
        }
        graph.extend(message(12, b"an output"));
        let mut model = vec![8, 4]; // IR version 4
        model.extend(message(MODEL_GRAPH, &graph));
        model.extend(message(8, b"opset"));
        model
    }

    #[test]
    fn only_inputs_that_are_weights_go() {
        assert_eq!(without_weight_inputs(&model(true)), Some(model(false)));
        assert_eq!(without_weight_inputs(&model(false)), None);
    }

    #[test]
    fn broken_files_are_left_to_the_runtime() {
        let whole = model(true);
        for end in 0..whole.len() {
            // Cut off anywhere, it is refused or still a smaller message, never a panic.
            drop(without_weight_inputs(&whole[..end]));
        }
        assert_eq!(without_weight_inputs(&[0xff; 64]), None);
        assert_eq!(without_weight_inputs(b"<html>"), None);
    }
}
