//! The command against a deployment: its log group, its table and keys, and what it looks like from outside. What AWS
//! answers is imitated on loopback, by its protocols; the table is a real one in memory.

mod command;
mod doctor;
mod log_group;
mod loopback;
