//! A Lambda function as a process of this machine: [`runtime_api`] starts the very program that AWS would run, hands it
//! events and takes its answers. The program beside this library measures by it what the functions cost.

pub mod runtime_api;
