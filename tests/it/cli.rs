//! The program as people use it: the real binary, a folder of its own, its exit codes and what it prints.

mod clicks;
mod demo;
mod feeds;
mod hand;
mod help;
mod keep;
mod looks;
pub(crate) mod playing;
mod rehearse;
mod run;
pub(crate) mod site;
mod survey;
