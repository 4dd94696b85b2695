//! The crate against real files, a real server, the real runtime and real pictures.

#[cfg(test)]
mod bad_models;
#[cfg(test)]
mod bad_pictures;
#[cfg(test)]
mod data;
#[cfg(test)]
mod face_quality;
#[cfg(test)]
mod faces;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod onnx;
#[cfg(test)]
mod our_plates;
#[cfg(test)]
mod our_reader;
#[cfg(test)]
mod plates;
#[cfg(test)]
mod pull;
#[cfg(test)]
mod speed;
