//! Small networks as the bytes of ONNX files, written field by field.

const FLOAT: u64 = 1;
const INT64: u64 = 7;

/// Nodes and constants of a network.
#[derive(Default)]
pub(crate) struct Graph {
    fields: Vec<u8>,
}

impl Graph {
    /// One operator with one output; its attributes are as they are by default.
    pub(crate) fn node(&mut self, operator: &str, inputs: &[&str], output: &str) {
        let mut node = Vec::new();
        for input in inputs {
            bytes(&mut node, 1, input.as_bytes());
        }
        bytes(&mut node, 2, output.as_bytes());
        bytes(&mut node, 4, operator.as_bytes());
        bytes(&mut self.fields, 1, &node);
    }

    /// `output = input x weights + bias`; the weights of the first input come first.
    pub(crate) fn linear(&mut self, input: &str, weights: &[f32], bias: &[f32], output: &str) {
        let (w, b) = (format!("{output}_w"), format!("{output}_b"));
        let raw =
            |numbers: &[f32]| -> Vec<u8> { numbers.iter().flat_map(|v| v.to_le_bytes()).collect() };
        let columns = bias.len();
        self.constant(
            &w,
            FLOAT,
            (&[weights.len() / columns, columns], raw(weights)),
        );
        self.constant(&b, FLOAT, (&[columns], raw(bias)));
        self.node("Gemm", &[input, &w, &b], output);
    }

    /// A list of whole numbers.
    pub(crate) fn ints(&mut self, name: &str, numbers: &[i64]) {
        let raw = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, INT64, (&[numbers.len()], raw));
    }

    fn constant(&mut self, name: &str, data_type: u64, (sizes, raw): (&[usize], Vec<u8>)) {
        let mut tensor = Vec::new();
        for size in sizes {
            number(&mut tensor, 1, *size as u64);
        }
        number(&mut tensor, 2, data_type);
        bytes(&mut tensor, 8, name.as_bytes());
        bytes(&mut tensor, 9, &raw);
        bytes(&mut self.fields, 5, &tensor);
    }
}

/// The file; the first dimension of input and outputs is free, the others are given.
pub(crate) fn model(graph: &Graph, input: (&str, &[u64]), outputs: &[(&str, &[u64])]) -> Vec<u8> {
    let mut fields = graph.fields.clone();
    bytes(&mut fields, 2, b"network");
    bytes(&mut fields, 11, &value_info(input));
    for output in outputs {
        bytes(&mut fields, 12, &value_info(*output));
    }
    let mut opset = Vec::new();
    number(&mut opset, 2, 13);
    let mut file = Vec::new();
    number(&mut file, 1, 8);
    bytes(&mut file, 7, &fields);
    bytes(&mut file, 8, &opset);
    file
}

fn value_info((name, sizes): (&str, &[u64])) -> Vec<u8> {
    let mut free = Vec::new();
    bytes(&mut free, 2, b"n");
    let mut shape = Vec::new();
    bytes(&mut shape, 1, &free);
    for size in sizes {
        let mut dimension = Vec::new();
        number(&mut dimension, 1, *size);
        bytes(&mut shape, 1, &dimension);
    }
    let mut tensor_type = Vec::new();
    number(&mut tensor_type, 1, FLOAT);
    bytes(&mut tensor_type, 2, &shape);
    let mut whole_type = Vec::new();
    bytes(&mut whole_type, 1, &tensor_type);
    let mut info = Vec::new();
    bytes(&mut info, 1, name.as_bytes());
    bytes(&mut info, 2, &whole_type);
    info
}

fn bytes(out: &mut Vec<u8>, field: u64, body: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, body.len() as u64);
    out.extend_from_slice(body);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while 0x80 <= value {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
