//! Passages, verdicts and cases in a store, with a JSON API and a web console.
