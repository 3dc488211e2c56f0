//! Executions that others recorded, as plain data.
pub mod etcd;
pub mod execution;
pub mod shiviz;

#[cfg(test)]
mod tests;
