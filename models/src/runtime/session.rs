//! One model ready to run, for exactly one thread.

use super::Runtime;
use crate::{InferenceError, ModelError, catalog::one_line, onnx_file};
use ort::{
    logging::LogLevel,
    session::builder::GraphOptimizationLevel,
    value::{TensorRef, ValueType},
};
use std::borrow::Cow;

/// What goes into a model.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// Prepared numbers.
    F32 {
        /// The sizes of its dimensions.
        shape: Vec<usize>,
        /// Row by row.
        data: Vec<f32>,
    },
    /// Pixels as they are.
    U8 {
        /// The sizes of its dimensions.
        shape: Vec<usize>,
        /// Row by row.
        data: Vec<u8>,
    },
}

/// What comes out of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorView<'a> {
    /// The output's name.
    pub name: &'a str,
    /// The sizes of its dimensions.
    pub shape: Vec<usize>,
    /// Row by row.
    pub data: &'a [f32],
}

impl<'a> TensorView<'a> {
    /// A view of numbers of one's own, for tests of decoders.
    pub fn new(name: &'a str, shape: &[usize], data: &'a [f32]) -> Self {
        Self {
            name,
            shape: shape.to_vec(),
            data,
        }
    }

    /// The error that says what was expected.
    pub fn unexpected(&self, expected: &'static str) -> InferenceError {
        InferenceError::Shape {
            output: self.name.to_owned(),
            shape: self.shape.clone(),
            expected,
        }
    }
}

/// A loaded model. `run` takes `&mut self`: one session for each thread.
pub struct Session {
    model: String,
    session: ort::session::Session,
}

impl Session {
    /// Loads a model from the bytes of its file, with one thread that does not spin while it waits.
    pub fn load(runtime: &Runtime, model: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let bytes =
            onnx_file::without_weight_inputs(bytes).map_or(Cow::Borrowed(bytes), Cow::Owned);
        let session = commit(runtime, &bytes).map_err(|reason| ModelError::Load {
            model: model.to_owned(),
            reason: one_line(&reason),
        })?;
        Ok(Self {
            model: model.to_owned(),
            session,
        })
    }

    /// The model's id.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The sizes of the first input's dimensions; one that may vary is -1.
    pub fn input_shape(&self) -> Vec<i64> {
        let first = self.session.inputs().first();
        match first.map(ort::value::Outlet::dtype) {
            Some(ValueType::Tensor { shape, .. }) => shape.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Runs the model over one input and lets `read` see all `f32` outputs, in the order of the
    /// file.
    pub fn run<R>(
        &mut self,
        input: &Tensor,
        read: impl FnOnce(&[TensorView<'_>]) -> Result<R, InferenceError>,
    ) -> Result<R, InferenceError> {
        let failed = |error: ort::Error| InferenceError::Run {
            model: self.model.clone(),
            reason: one_line(&error.to_string()),
        };
        let outputs = match input {
            Tensor::F32 { shape, data } => {
                let input = TensorRef::from_array_view((shape.clone(), data.as_slice()));
                let input = input.map_err(failed)?;
                self.session.run(ort::inputs![input])
            }
            Tensor::U8 { shape, data } => {
                let input = TensorRef::from_array_view((shape.clone(), data.as_slice()));
                let input = input.map_err(failed)?;
                self.session.run(ort::inputs![input])
            }
        };
        let outputs = outputs.map_err(failed)?;
        let values: Vec<_> = outputs.iter().collect();
        let mut views = Vec::with_capacity(values.len());
        for (name, value) in &values {
            if let Ok((shape, data)) = value.try_extract_tensor::<f32>() {
                let size = |n: &i64| usize::try_from(*n).unwrap_or(0);
                let shape = shape.iter().map(size).collect();
                views.push(TensorView { name, shape, data });
            }
        }
        read(&views)
    }
}

fn commit(runtime: &Runtime, bytes: &[u8]) -> Result<ort::session::Session, String> {
    let builder = ort::session::Session::builder(runtime.environment());
    // The builder's own errors carry the builder, which is not `Send`: only their text goes on.
    builder
        .map_err(|error| error.to_string())?
        .with_log_level(LogLevel::Error)
        .map_err(|error| error.to_string())?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(|error| error.to_string())?
        .with_intra_threads(1)
        .map_err(|error| error.to_string())?
        .with_inter_threads(1)
        .map_err(|error| error.to_string())?
        .with_intra_op_spinning(false)
        .map_err(|error| error.to_string())?
        .with_inter_op_spinning(false)
        .map_err(|error| error.to_string())?
        .commit_from_memory(bytes)
        .map_err(|error| error.to_string())
}
