//! The engine: protocols as pure functions, worlds as lists of things that could happen next,
//! sessions as lists of the things that did.

pub mod action;
pub mod clock;
pub mod config;
pub mod declare;
pub mod few;
pub mod hash;
pub mod ids;
pub mod kernel;
pub mod list;
pub mod long;
pub mod protocol;
pub mod quote;
pub mod random;
pub mod regions;
pub mod session;
pub mod sorted;
pub mod trace;
pub mod value;
pub mod view;
pub mod window;
pub mod world;
